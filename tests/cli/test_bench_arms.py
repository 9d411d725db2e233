"""What a bench measures, and where it cannot."""

from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from plg.cli.bench_arms import PARTS, open_bench
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.route_finding import find_routes
from plg.contract.games import GameRegion, RegionPing
from plg.contract.nodes import NodeGameLeg
from plg.contract.sessions import StopSessionRequest
from plg.probe.bench_statistics import Way
from plg.probe.game_query import QueryProtocol
from plg.tunnel.grants import HostPort
from support.loopback_relay import LoopbackRelay
from support.loopback_server import GAME, LoopbackServer
from support.query_server import QueryServer

REGION = GameRegion(code="eu", name="Europe", ping=[RegionPing(host="127.0.0.1", method="tcp", port=9, proxy=False)])
LEG = NodeGameLeg(region="eu", rtt_ms=9.0, loss_percent=0.0, estimated=True)


async def server_with_a_region(relay: LoopbackRelay) -> LoopbackServer:
    return LoopbackServer({"near": relay}, msgspec.structs.replace(GAME, regions=[REGION]), legs={"near": LEG})


async def test_without_a_game_server_to_ask_the_parts_are_measured(tmp_path: Path) -> None:
    relay = LoopbackRelay().open()
    server = await server_with_a_region(relay)
    found = await find_routes(server, "lab-game", None, tmp_path)
    bench = await open_bench(server, found, None, None)
    assert (bench.method, bench.is_end_to_end, bench.server_name) == (PARTS, False, None)
    direct, boosted = await bench.ways[Way.DIRECT].sample(), await bench.ways[Way.BOOSTED].sample()
    assert direct is not None
    assert boosted is not None
    assert boosted >= 9.0
    assert bench.leg()[0] == 9.0
    await bench.close(StopSessionRequest(reason="bench"))
    (asked,) = server.starts
    assert (asked.mode, asked.standby, asked.exit_ids) == ("off", False, ["near"])
    assert [stop.reason for stop in server.stops.values()] == ["bench"]
    relay.close()


async def test_a_game_server_that_answers_neither_way_leaves_the_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = LoopbackRelay().open()
    server = await server_with_a_region(relay)
    with QueryServer() as game:
        game.silent = True
        target = HostPort("127.0.0.1", game.port)
        found = await find_routes(server, "lab-game", target, tmp_path)
        monkeypatch.setattr("plg.cli.bench_arms.SAMPLE_TIMEOUT_S", 0.05)
        bench = await open_bench(server, found, QueryProtocol.QUAKE3, None)
    assert bench.method == PARTS
    await bench.close(StopSessionRequest())
    relay.close()


async def test_a_ticket_that_is_due_is_renewed_before_the_next_block(tmp_path: Path) -> None:
    relay = LoopbackRelay().open()
    server = await server_with_a_region(relay)
    bench = await open_bench(server, await find_routes(server, "lab-game", None, tmp_path), None, None)
    await bench.ways[Way.BOOSTED].prepare_block()
    assert server.renewals == 0
    bench.renew_at_s = 0.0
    await bench.ways[Way.BOOSTED].prepare_block()
    assert server.renewals == 1
    assert await bench.session.ping(1.0) is not None
    await bench.close(StopSessionRequest())
    relay.close()


async def test_where_nothing_stands_for_the_game_the_next_step_is_to_name_a_server(tmp_path: Path) -> None:
    relay = LoopbackRelay().open()
    server = LoopbackServer({"near": relay})
    found = await find_routes(server, "lab-game", None, tmp_path)
    with pytest.raises(CliError) as caught:
        await open_bench(server, found, None, None)
    assert caught.value.code == "nothing_to_compare"
    assert "--target" in str(caught.value.next_step)
    assert [stop.reason for stop in server.stops.values()] == ["bench_not_possible"]
    relay.close()


async def test_without_a_relay_there_is_nothing_to_measure(tmp_path: Path) -> None:
    server = LoopbackServer({})
    found = await find_routes(server, "lab-game", None, tmp_path)
    with pytest.raises(CliError) as caught:
        await open_bench(server, found, None, None)
    assert (caught.value.code, caught.value.exit_code) == ("no_relay_free", ExitCode.UNREACHABLE)


async def test_a_flow_that_the_relay_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = LoopbackRelay().open()
    server = await server_with_a_region(relay)
    with QueryServer() as game:
        target = HostPort("127.0.0.1", game.port)
        found = await find_routes(server, "lab-game", target, tmp_path)
        relay.brain.denied.add((str(ip_address("127.0.0.1")), game.port))
        monkeypatch.setattr("plg.cli.bench_arms.SAMPLE_TIMEOUT_S", 0.05)
        with pytest.raises(CliError) as caught:
            await open_bench(server, found, QueryProtocol.QUAKE3, None)
    assert caught.value.code == "target_refused"
    relay.close()
