"""/v1/nodes: relays as players see them."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.nodes import NodeList
from plg.contract.problem import ErrorCode
from plg.contract.schema import HostPort, Request
from plg_server import app_keys
from plg_server.problems import ApiError
from plg_server.routes import Auth, Limit, route
from plg_server.services.nodes import describe_node, live_nodes
from plg_server.services.sessions import game_not_found


class NodesQuery(Request, frozen=True):
    """With `game`, each relay tells its own way to it; with `target`, to that server of the game."""

    game: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    target: HostPort | None = None


@route(
    "GET",
    "/v1/nodes",
    query=NodesQuery,
    answer=NodeList,
    auth=Auth.OPTIONAL,
    limit=Limit.READ,
    errors=(
        ErrorCode.GAME_NOT_FOUND,
        ErrorCode.GAME_NOT_SUPPORTED,
        ErrorCode.TARGET_REFUSED,
        ErrorCode.TOKEN_MISSING,
        ErrorCode.STORE_UNAVAILABLE,
    ),
)
async def list_nodes(request: web.Request, query: NodesQuery) -> NodeList:
    """Relays that are alive. Signed in, each comes with a token to measure it."""
    app = request.app
    signed_in = app_keys.IDENTITY in request
    profile = None
    addresses = []
    if query.target is not None and query.game is None:
        raise ApiError(ErrorCode.INVALID_QUERY, "target needs game: which game's server is it?")
    if query.game is not None:
        profile = app[app_keys.CATALOG].find(query.game)
        if profile is None:
            raise game_not_found(query.game, app[app_keys.SEARCH])
    if profile is not None and query.target is not None:
        if not signed_in:
            raise ApiError(ErrorCode.TOKEN_MISSING, "sign in to ask for the way to a target")
        addresses = [target.address for target in await app[app_keys.TARGETS].approve(query.target, profile)]
    states = app[app_keys.RELAY_STATES]
    if profile is not None and signed_in:
        await states.add_interest(profile.slug, addresses)
    return NodeList(
        nodes=[
            describe_node(live, with_ping_token=signed_in, profile=profile, addresses=addresses)
            for live in await live_nodes(states)
        ]
    )


ROUTES = (list_nodes,)
