"""/v1/payments/checkout, and what payment providers tell us."""

import asyncio

import structlog
from aiohttp import hdrs, web

from plg.contract.billing import Checkout, CheckoutRequest
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request, Slug
from plg_server import app_keys
from plg_server.bodies import BODY_WAIT_S
from plg_server.jobs.provider_polling import ask_for_poll
from plg_server.problems import ApiError
from plg_server.routes import Auth, Limit, route
from plg_server.services.ledger import settle
from plg_server.services.payment_facts import Notice, NoticeRefused


class NoticePath(Request, frozen=True, kw_only=True):
    """Who speaks."""

    provider: Slug


@route(
    "POST",
    "/v1/payments/checkout",
    body=CheckoutRequest,
    answer=Checkout,
    status=201,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(
        ErrorCode.BILLING_OFF,
        ErrorCode.PLAN_NOT_FOUND,
        ErrorCode.PROVIDER_NOT_FOUND,
        ErrorCode.PROVIDER_UNAVAILABLE,
    ),
)
async def checkout(request: web.Request, body: CheckoutRequest) -> Checkout:
    """Set out to pay: a link, and the code that names the payment."""
    return await request.app[app_keys.CHECKOUTS].start(request[app_keys.IDENTITY].account_id, body)


@route(
    "POST",
    "/v1/payments/notices/{provider}",
    path=NoticePath,
    path_missing=ErrorCode.PROVIDER_NOT_FOUND,
    auth=Auth.NONE,
    limit=Limit.NOTICE,
    media_type="text/plain",
    errors=(ErrorCode.NOTICE_REFUSED, ErrorCode.MALFORMED_REQUEST, ErrorCode.BODY_TOO_LARGE),
)
async def notice(request: web.Request, path: NoticePath) -> web.Response:
    """What a payment provider sends, in its own form and with its own signature."""
    provider = request.app[app_keys.PROVIDERS].get(path.provider)
    if provider is None:
        raise ApiError(ErrorCode.PROVIDER_NOT_FOUND, "this server takes no payments that way")
    headers = {name.lower(): value for name, value in request.headers.items()}
    clock = request.app[app_keys.CLOCK]
    try:
        noticed = provider.read_notice(Notice(await _body(request), headers), clock())
    except NoticeRefused as refusal:
        structlog.get_logger().warning("notice_refused", provider=provider.name, reason=str(refusal))
        raise ApiError(ErrorCode.NOTICE_REFUSED, "this notice was not accepted") from None
    for fact in noticed.facts:
        await settle(fact, clock())
    if noticed.poll_now:
        await ask_for_poll(provider.name, clock)
    return web.Response(text=noticed.answer)


async def _body(request: web.Request) -> bytes:
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        # A compressed body may grow a thousandfold while it is read; no provider sends one.
        raise ApiError(ErrorCode.MALFORMED_REQUEST, "send the body without Content-Encoding")
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            return await request.read()
    except (TimeoutError, ConnectionError, web.RequestPayloadError):
        raise ApiError(ErrorCode.MALFORMED_REQUEST, "the body was broken off") from None


ROUTES = (checkout, notice)
