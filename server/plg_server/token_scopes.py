"""What an API token needs for each route, in one place. A route that nobody thought of here takes none."""

from enum import StrEnum

from aiohttp import web

from plg.contract.api_tokens import Scope
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.problems import ApiError
from plg_server.routes import SIGNED_IN, Auth, Route


class Beside(StrEnum):
    """What a route may ask for instead of a scope."""

    NOTHING = "nothing"
    """Anybody may call it, or relays, who have no account."""
    SIGN_IN = "sign_in"
    """The person: what changes who may use the account is not for a token that may lie in a script."""


READING = frozenset({"GET", "HEAD"})

ACCOUNT_SCOPES: tuple[tuple[str, Scope, Scope], ...] = (
    ("/v1/sessions", Scope.READ, Scope.CONNECT),
    ("/v1/routes", Scope.READ, Scope.CONNECT),
    ("/v1/benchmarks", Scope.READ, Scope.CONNECT),
    ("/v1/subscription", Scope.READ, Scope.BILLING),
    ("/v1/payments", Scope.READ, Scope.BILLING),
    ("/v1/codes", Scope.READ, Scope.BILLING),
    ("/v1/referral", Scope.READ, Scope.BILLING),
)
"""Where a route's address begins, what reading needs there and what anything else needs."""

SIGN_IN_ONLY = ("/v1/me/", "/v1/auth/", "/v1/admin/claim")
"""Where no token helps: what changes who somebody is here. What stands in neither table is treated the same, and a test asks why."""


def scope_of(route: Route) -> Scope | Beside:
    """What an API token needs to call this route."""
    if route.auth not in SIGNED_IN:
        return Beside.NOTHING
    reads = route.method in READING
    if route.auth is not Auth.ACCOUNT:
        return Scope.ADMIN_READ if reads else Scope.ADMIN_WRITE
    if route.url == "/v1/me":
        return Scope.READ if reads else Beside.SIGN_IN
    for beginning, for_reading, for_writing in ACCOUNT_SCOPES:
        if route.url == beginning or route.url.startswith(f"{beginning}/"):
            return for_reading if reads else for_writing
    return Beside.SIGN_IN


def refuse_beyond_scope(route: Route, request: web.Request) -> None:
    """After authentication. Raises ApiError `scope_missing` for an API token that may not call this route.

    Roles are checked by authentication, each time anew: a token has the scopes of an operator only while its account is one's.
    """
    identity = request.get(app_keys.IDENTITY)
    if identity is None or identity.scopes is None:
        return
    needed = scope_of(route)
    if needed is Beside.SIGN_IN:
        raise ApiError(ErrorCode.SCOPE_MISSING, "no API token may do this; sign in with your password")
    if needed is not Beside.NOTHING and needed not in identity.scopes:
        raise ApiError(ErrorCode.SCOPE_MISSING, f"this API token has not the scope '{needed}'")
