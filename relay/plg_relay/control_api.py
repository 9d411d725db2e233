"""The control API that the server (and the operator) calls: register, revoke, list, end, drain, health.

Bound to a private address by default. Every route asks for the control key, compared in constant time.
"""

import hmac
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from plg.contract.problem import ErrorCode, Problem
from plg.contract.relay_control import (
    RELAY_AUTH_HEADER,
    DrainRequest,
    RegisterSessionRequest,
    RelaySessionList,
    RevokeRequest,
)
from plg.contract.schema import API_PREFIX
from plg_relay.limits import TokenBucket
from plg_relay.policy import with_revocation
from plg_relay.profile_cache import PolicyStore
from plg_relay.relay_status import RelayStatus

MAX_BODY_BYTES = 16 * 1024
"""The largest request has five fields."""

WRONG_KEYS_PER_S = 5.0
"""Guessing the key over the network is slowed to this, whoever guesses; right keys are never slowed."""

_CID = re.compile(r"[0-9a-f]{16}")

log = logging.getLogger(__name__)
T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _RefusedError(Exception):
    def __init__(self, status: int, code: ErrorCode, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail


def control_app(
    relay: RelayStatus, store: PolicyStore, *, control_key: str, drain: Callable[[int], Awaitable[None]]
) -> web.Application:
    """The application. `drain(seconds)` drains the whole relay, not only its data plane."""
    wrong_keys = TokenBucket(WRONG_KEYS_PER_S, WRONG_KEYS_PER_S, time.monotonic())
    expected = control_key.encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(RELAY_AUTH_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            if not wrong_keys.take(1.0, time.monotonic()):
                return _problem(429, ErrorCode.RATE_LIMITED, "too many wrong control keys")
            return _problem(401, ErrorCode.TOKEN_INVALID, f"{RELAY_AUTH_HEADER} is missing or wrong")
        try:
            return await handler(request)
        except _RefusedError as error:
            return _problem(error.status, error.code, error.detail)
        except web.HTTPException as error:
            code = {404: ErrorCode.NOT_FOUND, 405: ErrorCode.METHOD_NOT_ALLOWED, 413: ErrorCode.BODY_TOO_LARGE}
            return _problem(error.status, code.get(error.status, ErrorCode.INVALID_BODY), error.reason)
        except Exception:
            log.exception("control request %s %s failed", request.method, request.path)
            return _problem(500, ErrorCode.INTERNAL, "the relay failed on this request; its log says why")

    async def register(request: web.Request) -> web.Response:
        await relay.plane.register(await _body(request, RegisterSessionRequest))
        return web.Response(status=204)

    async def sessions(_: web.Request) -> web.Response:
        rows, transits = await relay.plane.sessions(), await relay.plane.transits()
        return _json(
            RelaySessionList(
                sessions=sorted(rows, key=lambda row: row.cid), transits=sorted(transits, key=lambda row: row.cid)
            )
        )

    async def end_session(request: web.Request) -> web.Response:
        cid = request.match_info["cid"]
        if not _CID.fullmatch(cid):
            raise _RefusedError(422, ErrorCode.INVALID_BODY, "a session id is 16 hex digits")
        if not await relay.plane.end_session(int(cid, 16)):
            raise _RefusedError(404, ErrorCode.SESSION_NOT_FOUND, f"no session {cid} here")
        return web.Response(status=204)

    async def revoke(request: web.Request) -> web.Response:
        revocation = await _body(request, RevokeRequest)
        if (revocation.cid is None) == (revocation.user_ref is None):
            raise _RefusedError(422, ErrorCode.INVALID_BODY, "give exactly one of cid and user_ref")
        await store.replace(with_revocation(store.policy, revocation, time.time()))
        return web.Response(status=204)

    async def start_drain(request: web.Request) -> web.Response:
        wanted = await _body(request, DrainRequest)
        await drain(wanted.seconds)
        return _json(await relay.health())

    async def health(_: web.Request) -> web.Response:
        return _json(await relay.health())

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[guard])
    app.router.add_post(API_PREFIX + "/sessions", register)
    app.router.add_get(API_PREFIX + "/sessions", sessions)
    app.router.add_delete(API_PREFIX + "/sessions/{cid}", end_session)
    app.router.add_post(API_PREFIX + "/revocations", revoke)
    app.router.add_post(API_PREFIX + "/drain", start_drain)
    app.router.add_get(API_PREFIX + "/health", health)
    return app


async def _body(request: web.Request, kind: type[T]) -> T:
    if request.content_type != "application/json":
        raise _RefusedError(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, "the body must be application/json")
    raw = await request.read()
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise _RefusedError(422, ErrorCode.INVALID_BODY, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _RefusedError(400, ErrorCode.MALFORMED_JSON, str(error)) from None


def _json(answer: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


def _problem(status: int, code: ErrorCode, detail: str) -> web.Response:
    problem = Problem(
        title=code.replace("_", " "), status=status, code=code, detail=detail, request_id=secrets.token_hex(8)
    )
    return web.Response(status=status, body=msgspec.json.encode(problem), content_type="application/problem+json")
