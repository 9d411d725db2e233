"""The way without the booster."""

from ipaddress import ip_address

import msgspec
import pytest

from plg.cli.direct_measuring import DirectFigures, find_targets, measure_direct
from plg.contract.games import GameRegion, RegionPing
from plg.contract.nodes import NodeGameLeg
from plg.tunnel.connect_request import TargetUnknown
from plg.tunnel.grants import HostPort
from support.contract_bodies import game_detail
from support.query_server import QueryServer

LOOPBACK = ip_address("127.0.0.1")


async def test_a_game_server_that_answers_questions_is_asked_itself() -> None:
    with QueryServer(delay_s=0.02) as server:
        figures = await measure_direct(game_detail(), [(LOOPBACK, server.port)], None, pings=4)
    assert (figures.method, figures.sent, figures.lost, figures.estimated) == ("query_quake3", 4, 0, False)
    assert figures.rtt_ms is not None
    assert figures.rtt_ms >= 20
    assert figures.host == f"127.0.0.1:{server.port}"
    told = figures.as_measurement()
    assert told is not None
    assert (told.rtt_ms, told.loss_percent) == (figures.rtt_ms, 0)


async def test_a_server_that_says_nothing_is_pinged() -> None:
    with QueryServer() as server:
        server.silent = True
        figures = await measure_direct(game_detail(), [(LOOPBACK, server.port)], None, pings=3)
    assert figures.method in {"icmp", None}  # None: this process may not ping, and no TCP port is known
    assert figures.host == "127.0.0.1"


async def test_without_a_target_the_host_that_stands_for_the_region_is_measured() -> None:
    region = GameRegion(code="eu", name="Europe", ping=[RegionPing(host="127.0.0.1", method="tcp", port=9, proxy=True)])
    game = msgspec.structs.replace(game_detail(), regions=[region])
    leg = NodeGameLeg(region="eu", rtt_ms=3.0, loss_percent=0.0, estimated=True)
    figures = await measure_direct(game, [], leg, pings=2)
    assert (figures.host, figures.method, figures.estimated, figures.lost) == ("127.0.0.1", "tcp", True, 0)
    assert figures.view().rtt_ms == figures.rtt_ms


async def test_where_nothing_can_be_measured_that_is_said() -> None:
    figures = await measure_direct(game_detail(), [], None)
    assert (figures.rtt_ms, figures.sent, figures.as_measurement()) == (None, 0, None)
    assert figures.reason is not None
    assert figures.loss_percent is None


async def test_the_addresses_of_a_target() -> None:
    assert await find_targets(None) == []
    assert await find_targets(HostPort("127.0.0.1", 27960)) == [(LOOPBACK, 27960)]
    with pytest.raises(TargetUnknown):
        await find_targets(HostPort("no.such.host.invalid", 1))


def test_the_gate_gets_the_same_numbers() -> None:
    way = DirectFigures(40.0, 2.0, 8, 2, "h", "icmp", estimated=False).as_way()
    assert (way.rtt_ms, way.sent, way.lost, way.loss_percent) == (40.0, 8, 2, 25.0)
