"""Answers to what is no HTTP request, and to what fails outside every handler: problem documents here too.

aiohttp's own answer is plain text that repeats the caller's bytes and names aiohttp's version, with a traceback in the log.
"""

import asyncio
import secrets
from http import HTTPStatus

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.middlewares import OWN_HEADERS, REQUEST_ID_HEADER
from plg_server.problems import ApiError, problem_response


class ProblemRequestHandler(web.RequestHandler):
    """One connection, whose unreadable requests are refused as every other refusal is."""

    __slots__ = ("_app",)

    def __init__(self, app: web.Application, server: web.Server, loop: asyncio.AbstractEventLoop) -> None:
        # None switches it off, as AppRunner passes it too: our own log has each request.
        # Nobody here reads compressed bodies, so nothing is unpacked either: not to be thrown away, nor to fail with a traceback.
        super().__init__(server, loop=loop, access_log=None, auto_decompress=False)  # type: ignore[arg-type]  # the annotation forgets None
        self._app = app

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats the caller's bytes
    ) -> web.StreamResponse:
        """The answer; the connection is closed after it. Raises ConnectionError when an answer is on its way already."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        request_id = secrets.token_hex(8)
        log = structlog.get_logger().bind(request_id=request_id, address=request.remote)
        if status == HTTPStatus.BAD_REQUEST:
            too_long = isinstance(exc, LineTooLong)
            detail = "a line of the request's head is too long" if too_long else "this is not a request of HTTP/1.1"
            refusal = ApiError(ErrorCode.MALFORMED_REQUEST, detail)
            # Anybody can cause it, so it is not worth more than a line for who looks for it.
            log.debug("unreadable_request", reason=type(exc).__name__)
        else:
            refusal = ApiError(ErrorCode.INTERNAL, "something went wrong on the server; its log has the request id")
            log.error("unforeseen", exc_info=exc)
        self._app[app_keys.METRICS].refused.labels(refusal.code.value).inc()
        response = problem_response(refusal, request_id)
        response.headers.update(OWN_HEADERS)
        response.headers[REQUEST_ID_HEADER] = request_id
        response.force_close()
        return response
