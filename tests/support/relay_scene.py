"""The relays' screen with relays of every kind, made by hand: one to take, one near, one closing down, one full, one silent."""

import msgspec

from plg.cli.route_finding import FoundRoutes
from plg.contract.nodes import Node, NodeState
from plg.contract.routes import RouteVerdict
from plg.probe.relay_ping import RelayPing
from plg_tui.relay_board import RelayBoard
from support.contract_bodies import node
from support.found_routes import found_routes
from support.route_bodies import route_candidate, route_transit

_Scene = tuple[str, str, str, str, NodeState, float, float | None, float | None, float | None, float]
_RELAYS: tuple[_Scene, ...] = (
    # id, name, city, country, state, load, leg, ping, jitter, loss
    ("fra1", "Frankfurt 1", "Frankfurt", "DE", NodeState.UP, 25.0, 9.0, 20.4, 0.8, 0.0),
    ("ams1", "Amsterdam 1", "Amsterdam", "NL", NodeState.UP, 61.0, 14.0, 18.2, 2.4, 0.8),
    ("waw1", "Warszawa 1", "Warszawa", "PL", NodeState.DRAINING, 4.0, 17.0, 31.0, 1.1, 0.0),
    ("msk1", "Москва 1", "Москва", "RU", NodeState.FULL, 99.0, 33.0, 8.7, 0.4, 0.0),
    ("sgp1", "Singapore 1", "Singapore", "SG", NodeState.UP, 0.0, None, None, None, 100.0),
)


def scene_nodes() -> list[Node]:
    """As the server lists them."""
    return [
        msgspec.structs.replace(
            node(name, leg_ms=leg),
            id=node_id,
            city=city,
            country=country,
            state=state,
            load_percent=load,
            sessions=round(load),
        )
        for node_id, name, city, country, state, load, leg, _ping, _jitter, _loss in _RELAYS
    ]


def scene_round(number: int) -> list[RelayPing]:
    """One round of pings; the numbers move a little."""
    return [
        RelayPing(node_id, ping + (number * 7 % 5) * 0.6, jitter, loss if number % 3 else 0.0)
        if ping is not None
        else RelayPing(node_id, None, None, 100.0)
        for node_id, _name, _city, _country, _state, _load, _leg, ping, jitter, loss in _RELAYS
    ]


def scene_routes() -> FoundRoutes:
    """The ways to a game, as they were found."""
    return found_routes(
        route_candidate(
            "fra1",
            name="Frankfurt 1",
            client_ms=20.4,
            game_leg_ms=9.0,
            rank=1,
            verdict=RouteVerdict.CHOSEN,
            load_penalty_ms=1.0,
            transits=[route_transit("ams1", verdict=RouteVerdict.CHOSEN)],
        ),
        route_candidate(
            "ams1", name="Amsterdam 1", client_ms=18.2, game_leg_ms=14.0, rank=2, verdict=RouteVerdict.STANDBY
        ),
        route_candidate("waw1", name="Warszawa 1", client_ms=31.0, game_leg_ms=17.0, verdict=RouteVerdict.DRAINING),
        route_candidate("msk1", name="Москва 1", client_ms=8.7, game_leg_ms=33.0, verdict=RouteVerdict.FULL),
        route_candidate("sgp1", name="Singapore 1", client_ms=None, game_leg_ms=None, verdict=RouteVerdict.NO_ANSWER),
    )


def fill(board: RelayBoard, *, rounds: int = 12, for_game: bool = True) -> None:
    """So many rounds; without a game the relays' own ways are not known."""
    nodes = scene_nodes()
    board.list_nodes(nodes if for_game else [msgspec.structs.replace(entry, game_leg=None) for entry in nodes])
    for number in range(rounds):
        board.take_round(scene_round(number))
    board.found = scene_routes() if for_game else None
