"""/csp-report: where browsers tell what a page tried and was not allowed. In a page that is in order there is nothing to tell."""

import asyncio
from typing import Annotated

import msgspec
import structlog
from aiohttp import web
from msgspec import Meta

from plg_server import app_keys
from plg_server.bodies import BODY_WAIT_S, one_line
from plg_server.pages.security_headers import REPORT_URL
from plg_server.routes import Auth, Limit, route

REPORT_LIMIT_BYTES = 8 * 1024
"""Browsers send about one."""

Told = Annotated[str, Meta(max_length=4096)]


class Violation(msgspec.Struct, frozen=True, rename="kebab"):
    """What of a report is of use (CSP Level 3, 5.3)."""

    effective_directive: Told = ""
    blocked_uri: Told = ""
    document_uri: Told = ""


class Report(msgspec.Struct, frozen=True, rename="kebab"):
    """`application/csp-report`."""

    csp_report: Violation


@route("POST", REPORT_URL, auth=Auth.NONE, limit=Limit.WRITE, documented=False)
async def csp_report(request: web.Request) -> None:
    """Count and log a report; what is none is passed over, for nobody reads the answer."""
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            data = bytearray()
            async for piece in request.content.iter_any():
                data += piece
                if len(data) > REPORT_LIMIT_BYTES:
                    return
            violation = msgspec.json.decode(data, type=Report).csp_report
    except (
        TimeoutError,
        ConnectionError,
        web.RequestPayloadError,
        msgspec.DecodeError,
        UnicodeDecodeError,
        RecursionError,
    ):
        return
    request.app[app_keys.METRICS].csp_reports.inc()
    structlog.get_logger().warning(
        "csp_report",
        directive=one_line(violation.effective_directive, 40),
        blocked=one_line(violation.blocked_uri, 200),
        page=one_line(violation.document_uri.partition("?")[0], 200),
    )


ROUTES = (csp_report,)
