"""/v1/nodes: relays as players see them."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.nodes import NodeGameLeg, NodeList
from plg.contract.problem import ErrorCode
from plg.contract.schema import HostPort, Request
from plg_server import app_keys
from plg_server.problems import ApiError
from plg_server.routes import Auth, Limit, route
from plg_server.services.asked_game import game_not_found
from plg_server.services.game_legs import Destination, leg_answer
from plg_server.services.nodes import describe_node, live_nodes


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
    legs: dict[str, NodeGameLeg] = {}
    by_region: dict[str, list[NodeGameLeg]] = {}
    if profile is not None:
        if signed_in:
            await app[app_keys.RELAY_STATES].add_interest(profile.slug, addresses)
        account_id = request[app_keys.IDENTITY].account_id if signed_in else ""
        matrix = await app[app_keys.ROUTE_MATRICES].of(
            Destination(profile, tuple(addresses)), account_id=account_id, every_region=not addresses
        )
        legs = {relay.node_id: leg_answer(relay.leg) for relay in matrix.relays}
        by_region = {node_id: [leg_answer(leg) for leg in found] for node_id, found in matrix.region_legs.items()}
        nodes = list(matrix.live.values())
    else:
        nodes = await live_nodes(app[app_keys.RELAY_STATES])
    return NodeList(
        nodes=[
            describe_node(
                live,
                with_ping_token=signed_in,
                game_leg=legs.get(live.node.id),
                game_legs=by_region.get(live.node.id, []),
            )
            for live in nodes
        ]
    )


ROUTES = (list_nodes,)
