"""/v1/auth and /v1/me."""

import contextlib

from aiohttp import web

from plg.contract.accounts import Account, LoginRequest, RefreshRequest, RegisterRequest, TokenPair
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route
from plg_server.services.mail_kinds import MailLanguage

LANGUAGE_HEADER_CHARS = 200
"""Browsers send a tenth of it; more is not read."""


@route(
    "POST",
    "/v1/auth/register",
    body=RegisterRequest,
    answer=Account,
    status=201,
    auth=Auth.NONE,
    limit=Limit.SIGN_IN,
    errors=(ErrorCode.EMAIL_TAKEN, ErrorCode.FORBIDDEN),
)
async def register(request: web.Request, body: RegisterRequest) -> Account:
    """Make an account."""
    return await request.app[app_keys.ACCOUNTS].register(
        body, preferred_language(request.headers.get("Accept-Language", ""))
    )


@route(
    "POST",
    "/v1/auth/login",
    body=LoginRequest,
    answer=TokenPair,
    auth=Auth.NONE,
    limit=Limit.SIGN_IN,
    errors=(ErrorCode.BAD_CREDENTIALS, ErrorCode.ACCOUNT_BANNED, ErrorCode.TOTP_NEEDED, ErrorCode.TOTP_WRONG),
)
async def login(request: web.Request, body: LoginRequest) -> TokenPair:
    """Sign in with e-mail address and password, and a code where the second factor is on."""
    return await request.app[app_keys.ACCOUNTS].login(body, request[app_keys.CLIENT_ADDRESS])


@route(
    "POST",
    "/v1/auth/refresh",
    body=RefreshRequest,
    answer=TokenPair,
    auth=Auth.NONE,
    limit=Limit.REFRESH,
    errors=(
        ErrorCode.TOKEN_INVALID,
        ErrorCode.TOKEN_EXPIRED,
        ErrorCode.TOKEN_REUSED,
        ErrorCode.ACCOUNT_BANNED,
    ),
)
async def refresh(request: web.Request, body: RefreshRequest) -> TokenPair:
    """Trade a refresh token, which works once, for a new pair."""
    return await request.app[app_keys.ACCOUNTS].refresh(body.refresh_token, request[app_keys.CLIENT_ADDRESS])


@route("POST", "/v1/auth/logout", body=RefreshRequest, auth=Auth.NONE, limit=Limit.REFRESH)
async def logout(request: web.Request, body: RefreshRequest) -> None:
    """End the sign-in that this refresh token belongs to."""
    await request.app[app_keys.ACCOUNTS].logout(body.refresh_token)


@route("GET", "/v1/me", answer=Account, auth=Auth.ACCOUNT, limit=Limit.READ)
async def me(request: web.Request) -> Account:
    """The signed-in account with its plan and totals."""
    return request.app[app_keys.ACCOUNTS].describe(request[app_keys.IDENTITY].account)


def preferred_language(header: str) -> str:
    """The language of ours that an Accept-Language header (RFC 9110, 12.5.4) wants most; English when it wants none."""
    wanted: dict[str, float] = {}
    for item in header[:LANGUAGE_HEADER_CHARS].split(","):
        name, _, weight = item.strip().partition(";q=")
        with contextlib.suppress(ValueError):
            wanted.setdefault(name[:2].lower(), float(weight or 1))
    return MailLanguage.RU if wanted.get("ru", 0.0) > wanted.get("en", 0.0) else MailLanguage.EN


ROUTES = (register, login, refresh, logout, me)
