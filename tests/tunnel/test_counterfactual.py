"""The direct way beside the tunnel: where it is measured to, what the comparison says, and what it never invents."""

import asyncio
from ipaddress import ip_address

import msgspec
import pytest

from plg.api.errors import ServerUnreachable, UnreachableReason
from plg.contract.games import GameRegion, RegionPing
from plg.contract.nodes import NodeGameLeg
from plg.probe.direct_ping import DirectPing, measure
from plg.tunnel.clock import LoopClock
from plg.tunnel.counterfactual import WINDOW_S, Counterfactual, DirectTarget, direct_target, direct_way
from support.fake_time import FakeClock
from support.loopback_server import GAME

TARGETS = [(ip_address("198.20.0.7"), 27015)]
FRANKFURT = GameRegion(
    code="fra",
    name="Frankfurt",
    ping=[
        RegionPing(host="stand-in.example", method="tcp", port=443, proxy=True),
        RegionPing(host="fra.game.example", method="icmp", port=None, proxy=False),
    ],
)
PROFILE = msgspec.structs.replace(GAME, regions=[FRANKFURT])
HERE = DirectTarget("198.20.0.7", "icmp", None, estimated=False)


def leg(rtt_ms: float | None, *, region: str | None = "fra", estimated: bool = False) -> NodeGameLeg:
    return NodeGameLeg(region=region, rtt_ms=rtt_ms, loss_percent=0.0, estimated=estimated)


def test_a_named_server_is_measured_itself_as_the_relay_does() -> None:
    assert direct_target(PROFILE, TARGETS, leg(8.0)) == HERE
    assert direct_target(PROFILE, TARGETS, None) == HERE


def test_where_the_relay_measured_only_the_region_the_direct_way_is_measured_to_the_same_host() -> None:
    to_region = DirectTarget("fra.game.example", "icmp", None, estimated=False)
    assert direct_target(PROFILE, [], leg(8.0)) == to_region
    estimated = direct_target(PROFILE, TARGETS, leg(8.0, estimated=True))
    assert estimated == DirectTarget("fra.game.example", "icmp", None, estimated=True)


@pytest.mark.parametrize("known", [None, leg(8.0, region=None), leg(8.0, region="elsewhere")])
def test_without_a_host_to_measure_nothing_is_measured(known: NodeGameLeg | None) -> None:
    assert direct_target(PROFILE, [], known) is None


def measured(rtt_ms: float | None, method: str | None = "icmp", loss_percent: float = 0.0) -> DirectPing:
    return DirectPing(rtt_ms, 0.5, loss_percent, method)


class Bench:
    """A counterfactual whose pings are scripted."""

    def __init__(self, known: NodeGameLeg | None = None) -> None:
        self.clock = FakeClock()
        self.figures = Counterfactual(self.clock, self.ping, self.ask, lambda _leg: HERE, known)

    async def ping(self, target: DirectTarget, pings: int) -> DirectPing:
        raise AssertionError("not in these tests")

    async def ask(self) -> NodeGameLeg | None:
        raise AssertionError("not in these tests")


def test_now_is_the_live_round_trip_plus_the_relays_leg_and_the_gain_is_against_direct() -> None:
    bench = Bench(leg(8.0))
    bench.figures.add(measured(58.0), 6)
    bench.clock.run(1.5)
    found = bench.figures.compare(bench.clock.time(), 33.0)
    assert (found.now_ms, found.direct_ms, found.gain_ms) == (41.0, 58.0, 17.0)
    assert (found.method, found.age_s, found.estimated) == ("icmp", 1.5, False)
    assert found.direct_loss_percent == 0.0


@pytest.mark.parametrize(("known", "rtt_ms"), [(None, 33.0), (leg(None), 33.0), (leg(8.0), None)])
def test_a_sum_with_an_unknown_part_is_unknown(known: NodeGameLeg | None, rtt_ms: float | None) -> None:
    bench = Bench(known)
    bench.figures.add(measured(58.0), 6)
    found = bench.figures.compare(bench.clock.time(), rtt_ms)
    assert (found.now_ms, found.gain_ms, found.direct_ms) == (None, None, 58.0)


def test_an_estimated_leg_is_said_to_be_one() -> None:
    assert Bench(leg(8.0, estimated=True)).figures.compare(1000.0, 33.0).estimated


def test_old_samples_are_forgotten_and_lost_ones_are_counted() -> None:
    bench = Bench(leg(8.0))
    bench.figures.add(measured(10.0), 6)
    bench.clock.run(WINDOW_S + 1)
    assert bench.figures.compare(bench.clock.time(), 1.0).direct_ms is None
    bench.figures.add(measured(20.0, loss_percent=50.0), 4)
    way = bench.figures.way(bench.clock.time())
    assert (way.rtt_ms, way.sent, way.lost) == (20.0, 4, 2)


def test_a_machine_that_may_not_measure_leaves_the_direct_way_unknown_instead_of_lost() -> None:
    bench = Bench(leg(8.0))
    bench.figures.add(measured(None, None, 100.0), 6)
    assert bench.figures.way(bench.clock.time()).sent == 0
    assert direct_way(measured(None, "icmp", 100.0), 6).lost == 6


def test_samples_to_another_host_are_not_compared_with_a_new_exits_leg() -> None:
    clock = FakeClock()
    hosts = {"fra": HERE, "ams": DirectTarget("203.0.113.1", "icmp", None, estimated=False)}
    figures = Counterfactual(clock, Bench().ping, Bench().ask, lambda known: hosts[(known and known.region) or "fra"])
    figures.add(measured(58.0), 6)
    figures.take_leg(leg(9.0))
    assert figures.way(clock.time()).rtt_ms == 58.0
    figures.take_leg(leg(9.0, region="ams"))
    assert figures.way(clock.time()).rtt_ms is None


async def test_while_it_runs_samples_come_and_the_leg_is_asked_for_until_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plg.tunnel.counterfactual.SAMPLE_EVERY_S", 0.02)
    monkeypatch.setattr("plg.tunnel.counterfactual.LEG_WANTED_EVERY_S", 0.02)
    answers: list[NodeGameLeg | Exception | None] = [
        ServerUnreachable("http://server.test", UnreachableReason.REFUSED), None, leg(None), leg(7.0),
    ]  # fmt: skip
    asked = 0

    async def ask() -> NodeGameLeg | None:
        nonlocal asked
        answer = answers[min(asked, len(answers) - 1)]
        asked += 1
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ping(target: DirectTarget, pings: int) -> DirectPing:
        assert (target.host, pings) == ("127.0.0.1", 1)
        return await measure(target.host, "tcp", 9, pings=pings, timeout_s=0.5)

    loopback = DirectTarget("127.0.0.1", "tcp", 9, estimated=False)
    monkeypatch.setattr("plg.tunnel.counterfactual.TCP_SAMPLE_EVERY_S", 0.02)
    figures = Counterfactual(LoopClock(), ping, ask, lambda _leg: loopback)
    running = asyncio.ensure_future(figures.run())
    async with asyncio.timeout(10):
        while figures.compare(LoopClock().time(), 1.0).gain_ms is None or asked < len(answers):  # noqa: ASYNC110 - two conditions
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert figures.leg == leg(7.0)
    assert asked == len(answers)


async def test_another_exits_leg_is_unknown_until_the_server_was_asked_at_once() -> None:
    asked = asyncio.Event()

    async def ask() -> NodeGameLeg | None:
        asked.set()
        return leg(9.0)

    async def ping(target: DirectTarget, pings: int) -> DirectPing:
        return measured(58.0)

    clock = LoopClock()
    figures = Counterfactual(clock, ping, ask, lambda _leg: HERE, leg(8.0))
    running = asyncio.ensure_future(figures.run())
    await asyncio.sleep(0.05)
    figures.forget_leg()
    assert figures.compare(clock.time(), 33.0).now_ms is None
    assert figures.compare(clock.time(), 33.0).direct_ms == 58.0
    async with asyncio.timeout(2):
        await asked.wait()
        await asyncio.sleep(0.01)
    assert figures.compare(clock.time(), 33.0).now_ms == 42.0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
