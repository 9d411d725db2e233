"""/v1/admin/tokens: relays' enrolment tokens and everybody's API tokens."""

from aiohttp import web

from plg.contract.admin_tokens import AdminToken, AdminTokenPage, AdminTokensQuery, RevokedToken, RevokeTokenRequest
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services.admin_tokens import revoke_token, show_token, token_page


class AnyTokenPath(Request, frozen=True):
    """A token of anybody."""

    token_id: EntityId


@route(
    "GET",
    "/v1/admin/tokens",
    query=AdminTokensQuery,
    answer=AdminTokenPage,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def list_all_tokens(request: web.Request, query: AdminTokensQuery) -> AdminTokenPage:
    """Tokens that fit: relays' tokens, then API tokens, each newest first. None shows the token itself."""
    return await token_page(query, request.app[app_keys.CLOCK]())


@route(
    "GET",
    "/v1/admin/tokens/{token_id}",
    path=AnyTokenPath,
    answer=AdminToken,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def show_any_token(request: web.Request, path: AnyTokenPath) -> AdminToken:
    """One token, but for the token itself."""
    return await show_token(path.token_id, request.app[app_keys.CLOCK]())


@route(
    "POST",
    "/v1/admin/tokens/{token_id}/revoke",
    path=AnyTokenPath,
    body=RevokeTokenRequest,
    answer=RevokedToken,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def revoke_any_token(request: web.Request, path: AnyTokenPath, body: RevokeTokenRequest) -> RevokedToken:
    """End it at once, whoever's it is."""
    return await revoke_token(actor_of(request), path.token_id, body, request.app[app_keys.CLOCK]())


ROUTES = (list_all_tokens, show_any_token, revoke_any_token)
