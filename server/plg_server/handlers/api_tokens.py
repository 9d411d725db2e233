"""/v1/me/tokens: tokens for scripts."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.api_tokens import ApiTokenList, CreatedToken, CreateTokenRequest
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services import api_tokens


class TokenPath(Request, frozen=True):
    """An API token of the caller."""

    token_id: EntityId


class TokenQuery(Request, frozen=True):
    """Newest first."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


@route("GET", "/v1/me/tokens", query=TokenQuery, answer=ApiTokenList, auth=Auth.ACCOUNT, limit=Limit.READ)
async def list_api_tokens(request: web.Request, query: TokenQuery) -> ApiTokenList:
    """The account's API tokens that were not revoked."""
    return await api_tokens.tokens(request[app_keys.IDENTITY].account_id, query.limit, query.offset)


@route(
    "POST",
    "/v1/me/tokens",
    body=CreateTokenRequest,
    answer=CreatedToken,
    status=201,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(ErrorCode.FORBIDDEN, ErrorCode.TOO_MANY_TOKENS),
)
async def create_api_token(request: web.Request, body: CreateTokenRequest) -> CreatedToken:
    """Make an API token; the answer is the only place that shows it."""
    return await api_tokens.create(request[app_keys.IDENTITY].account, body, request.app[app_keys.CLOCK]())


@route("DELETE", "/v1/me/tokens/{token_id}", path=TokenPath, auth=Auth.ACCOUNT, limit=Limit.WRITE)
async def revoke_api_token(request: web.Request, path: TokenPath) -> None:
    """End an API token at once."""
    now = request.app[app_keys.CLOCK]()
    await api_tokens.revoke(request[app_keys.IDENTITY].account_id, path.token_id, now)


ROUTES = (list_api_tokens, create_api_token, revoke_api_token)
