"""Before and after, region by region, on loopback."""

import time

import msgspec
import pytest

from plg.contract.games import GameRegion, RegionPing
from plg.contract.nodes import Node, NodeGameLeg, NodeState
from plg.probe.region_ping import RegionPinger, Tally, ping_host
from plg.probe.relay_ping import RelayTarget
from support.contract_bodies import node as any_node
from support.loopback_relay import LoopbackRelay, probe_token

CLOSED_PORT = RegionPing(host="127.0.0.1", method="tcp", port=9, proxy=False)
"""A refused connection is an answer like any other."""


def region(code: str, *hosts: RegionPing) -> GameRegion:
    return GameRegion(code=code, name=code.upper(), ping=list(hosts))


def leg(code: str, rtt_ms: float | None, loss_percent: float = 0.0) -> NodeGameLeg:
    return NodeGameLeg(region=code, rtt_ms=rtt_ms, loss_percent=loss_percent, estimated=False)


def node(name: str, *legs: NodeGameLeg, state: NodeState = NodeState.UP) -> Node:
    return msgspec.structs.replace(any_node(name), id=name, game_legs=list(legs), state=state)


def target(name: str, relay: LoopbackRelay) -> RelayTarget:
    return RelayTarget(name, "127.0.0.1", relay.port, probe_token(time.time() + 60))


async def test_each_region_has_its_own_best_relay() -> None:
    east, west = LoopbackRelay().open(), LoopbackRelay().open()
    nodes = [node("east", leg("eu", 5), leg("us", 90)), node("west", leg("eu", 90), leg("us", 5))]
    pinger = RegionPinger(
        [region("eu", CLOSED_PORT), region("us", CLOSED_PORT)], nodes, [target("east", east), target("west", west)]
    )
    await pinger.measure_round()
    europe, america = pinger.ways()
    assert europe.best is not None
    assert america.best is not None
    assert (europe.best.node.id, america.best.node.id) == ("east", "west")
    assert 5 <= europe.best.total_ms < 105
    assert europe.direct.rtt_ms is not None
    assert europe.gain_ms == pytest.approx(europe.direct.rtt_ms - europe.best.total_ms)
    assert (europe.direct.sent, europe.direct.method) == (3, "tcp")
    east.close()
    west.close()


async def test_rounds_add_up() -> None:
    relay = LoopbackRelay().open()
    pinger = RegionPinger([region("eu", CLOSED_PORT)], [node("one", leg("eu", 5))], [target("one", relay)])
    for _ in range(2):
        await pinger.measure_round()
    (way,) = pinger.ways()
    assert way.best is not None
    assert (way.direct.sent, way.best.relay.sent, len(way.direct.rtts_ms)) == (6, 6, 2)
    relay.close()


async def test_loss_of_both_parts_counts_and_may_decide() -> None:
    clean, lossy = LoopbackRelay().open(), LoopbackRelay().open()
    nodes = [node("clean", leg("eu", 40)), node("lossy", leg("eu", 5, loss_percent=20.0))]
    pinger = RegionPinger([region("eu")], nodes, [target("clean", clean), target("lossy", lossy)])
    await pinger.measure_round()
    (way,) = pinger.ways()
    assert way.best is not None
    assert (way.best.node.id, way.best.loss_percent) == ("clean", 0.0)
    clean.close()
    lossy.close()


async def test_a_region_without_a_host_has_only_the_way_through_a_relay() -> None:
    relay = LoopbackRelay().open()
    pinger = RegionPinger([region("eu")], [node("one", leg("eu", 5))], [target("one", relay)])
    await pinger.measure_round()
    (way,) = pinger.ways()
    assert (way.host, way.direct.rtt_ms, way.gain_ms, way.direct.loss_percent) == (None, None, None, None)
    assert way.best is not None
    relay.close()


async def test_relays_that_are_silent_closing_down_or_not_measured_there_serve_no_region() -> None:
    relay = LoopbackRelay().open()
    silent = LoopbackRelay().open()
    silent.close()
    nodes = [
        node("silent", leg("eu", 1)),
        node("leaving", leg("eu", 1), state=NodeState.DRAINING),
        node("elsewhere", leg("us", 1)),
        node("unmeasured", leg("eu", None)),
    ]
    targets = [target("silent", silent), *(target(name, relay) for name in ("leaving", "elsewhere", "unmeasured"))]
    pinger = RegionPinger([region("eu", CLOSED_PORT)], nodes, targets)
    await pinger.measure_round()
    assert [way.best for way in pinger.ways()] == [None]
    relay.close()


async def test_without_relays_only_the_direct_way_is_measured() -> None:
    pinger = RegionPinger([region("eu", CLOSED_PORT)], [], [])
    await pinger.measure_round()
    (way,) = pinger.ways()
    assert way.best is None
    assert way.direct.rtt_ms is not None


async def test_a_host_that_cannot_be_measured_is_not_counted_as_lost() -> None:
    unknown = RegionPing(host="no.such.host.invalid", method="icmp", port=None, proxy=False)
    pinger = RegionPinger([region("eu", unknown)], [], [])
    await pinger.measure_round()
    (way,) = pinger.ways()
    assert (way.direct.sent, way.direct.loss_percent) == (0, None)


def test_a_host_of_the_region_itself_goes_before_one_that_stands_for_it() -> None:
    proxy = msgspec.structs.replace(CLOSED_PORT, proxy=True)
    assert ping_host(region("eu", proxy, CLOSED_PORT)) == CLOSED_PORT
    assert ping_host(region("eu")) is None


def test_a_tally_keeps_medians_and_counts_losses() -> None:
    tally = Tally()
    tally.add(10, 1, 0, 3)
    tally.add(None, None, 100, 3)
    tally.add(30, 3, 0, 3)
    assert (tally.rtt_ms, tally.jitter_ms, tally.sent) == (20, 2, 9)
    assert tally.loss_percent == pytest.approx(100 / 3)
