"""Who is calling. One function for each kind of `Auth`; the routes middleware runs it before the handler."""

from aiohttp import web

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.problems import ApiError
from plg_server.routes import Auth, Authenticator

TOKEN_LIMIT_CHARS = 2048
"""Our access tokens have about 250 characters."""


async def nobody(request: web.Request) -> None:
    """For routes that anybody may call: a token is not looked at."""


async def optional_account(request: web.Request) -> None:
    """Anybody, but a token that is given must be good: a client with a stale one should hear so."""
    if "Authorization" in request.headers:
        await account(request)


async def account(request: web.Request) -> None:
    """A signed-in account, by `Authorization: Bearer`. Leaves `IDENTITY` on the request."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if not token or scheme.lower() != "bearer":
        raise ApiError(ErrorCode.TOKEN_MISSING, "sign in first: this needs an Authorization: Bearer header")
    if len(token) > TOKEN_LIMIT_CHARS:
        raise ApiError(ErrorCode.TOKEN_INVALID, "the access token is not valid; sign in again")
    request[app_keys.IDENTITY] = await request.app[app_keys.ACCOUNTS].identify(token)


async def support(request: web.Request) -> None:
    """A signed-in operator, with the role support or admin."""
    await account(request)
    if request[app_keys.IDENTITY].account.role not in ("support", "admin"):
        raise ApiError(ErrorCode.FORBIDDEN, "this needs the account of an operator")


async def admin(request: web.Request) -> None:
    """A signed-in operator with the role admin."""
    await account(request)
    if request[app_keys.IDENTITY].account.role != "admin":
        raise ApiError(ErrorCode.FORBIDDEN, "this needs the account of an admin")


def account_authenticators() -> dict[Auth, Authenticator]:
    """The kinds that this module serves."""
    return {
        Auth.NONE: nobody,
        Auth.OPTIONAL: optional_account,
        Auth.ACCOUNT: account,
        Auth.SUPPORT: support,
        Auth.ADMIN: admin,
    }
