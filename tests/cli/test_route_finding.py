"""Ways found with a scripted server and relays on loopback."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from plg.api.credentials import FixedToken
from plg.api.server_client import ServerClient, open_server
from plg.cli.route_finding import carried_game, find_routes
from plg.contract.routes import RouteReport, RouteRequest
from plg.tunnel.capture_plan import GameNotCarried
from plg.tunnel.exit_choice import Because
from plg.tunnel.exit_memory import ExitMemory
from plg.tunnel.grants import HostPort
from support.contract_bodies import game_detail
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.query_server import QueryServer
from support.route_bodies import route_candidate, route_report


@asynccontextmanager
async def world(report: RouteReport, names: tuple[str, ...]) -> AsyncIterator[tuple[ServerClient, Script]]:
    relays = {name: LoopbackRelay().open() for name in names}
    script = Script(
        {
            "GET /v1/games/openarena": [json_answer(msgspec.json.encode(game_detail()))],
            "GET /v1/nodes": [json_answer(msgspec.json.encode(await LoopbackServer(relays).nodes()))],
            "POST /v1/routes": [json_answer(msgspec.json.encode(report))],
        }
    )
    with serving(script.app()) as url:
        async with open_server(url, FixedToken(url, "abc")) as client:
            yield client, script
    for relay in relays.values():
        relay.close()


async def test_the_server_hears_the_relays_and_the_direct_way_as_measured_here(tmp_path: Path) -> None:
    report = route_report(route_candidate("fra1", client_ms=1, game_leg_ms=2))
    with QueryServer(delay_s=0.01) as game:
        async with world(report, ("fra1",)) as (client, script):
            found = await find_routes(client, "openarena", HostPort("127.0.0.1", game.port), tmp_path)
    request = msgspec.json.decode(script.seen[-1].body, type=RouteRequest)
    assert request.target == f"127.0.0.1:{game.port}"
    assert request.direct is not None
    assert request.direct.rtt_ms == found.direct.rtt_ms
    assert found.order.chosen is not None
    assert found.boosted_ms == found.order.chosen.total_ms
    assert found.boosted_ms is not None
    assert found.boosted_ms < 100
    assert found.verdict == "direct" if (found.gain_ms or 0) < 5 else "boost"
    node = found.node("fra1")
    assert node is not None


async def test_what_the_last_sessions_taught_counts_here_too(tmp_path: Path) -> None:
    memory = ExitMemory(tmp_path, time.time)
    memory.distrust("liar")
    memory.remember("openarena", "ams1")
    report = route_report(
        route_candidate("liar", client_ms=1, game_leg_ms=1),
        route_candidate("fra1", client_ms=1, game_leg_ms=2),
        route_candidate("ams1", client_ms=1, game_leg_ms=5),
    )
    async with world(report, ("liar", "fra1", "ams1")) as (client, _script):
        found = await find_routes(client, "openarena", None, tmp_path)
    assert found.order.chosen is not None
    assert (found.order.chosen.node_id, found.order.because) == ("ams1", Because.KEPT_PREVIOUS)
    assert (found.distrusted, found.previous) == (frozenset({"liar"}), "ams1")
    assert set(found.second) == {"fra1", "ams1"}
    assert (found.verdict, found.gain_ms) == ("unknown", None)


async def test_a_way_with_an_unknown_part_has_no_total(tmp_path: Path) -> None:
    report = route_report(route_candidate("fra1", client_ms=1, game_leg_ms=None, score_ms=61))
    async with world(report, ("fra1",)) as (client, _script):
        found = await find_routes(client, "openarena", None, tmp_path)
    assert found.order.chosen is not None
    assert (found.boosted_ms, found.verdict) == (None, "unknown")


async def test_a_game_that_cannot_be_carried_is_told_at_once(tmp_path: Path) -> None:
    tcp = msgspec.structs.replace(game_detail(), boostable=False)
    script = Script({"GET /v1/games/openarena": [json_answer(msgspec.json.encode(tcp))]})
    with serving(script.app()) as url:
        async with open_server(url, FixedToken(url, "abc")) as client:
            with pytest.raises(GameNotCarried):
                await carried_game(client, "openarena")
