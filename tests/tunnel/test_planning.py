"""Before a session: the order of exits, the relay that was asked for, and whether the booster is worth it."""

import asyncio
import time
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest

from plg.contract.nodes import NodeGameLeg
from plg.probe.direct_ping import DirectPing
from plg.tunnel.counterfactual import DirectTarget
from plg.tunnel.exit_memory import ExitMemory
from plg.tunnel.planning import DirectIsBetter, Planner
from support.loopback_relay import LoopbackRelay
from support.loopback_server import GAME, LoopbackServer

TARGETS = [(ip_address("198.20.0.7"), 27015)]


def leg(rtt_ms: float) -> NodeGameLeg:
    return NodeGameLeg(region=None, rtt_ms=rtt_ms, loss_percent=0.0, estimated=False)


class Bench:
    """A planner whose direct way takes `direct_ms`."""

    def __init__(self, server: LoopbackServer, direct_ms: float | None = 18.0, loss_percent: float = 0.0) -> None:
        self.server = server
        self.direct_ms = direct_ms
        self.loss_percent = loss_percent
        self.measured: list[DirectTarget] = []
        self.memory = ExitMemory(None, time.time)

    async def ping(self, target: DirectTarget, pings: int) -> DirectPing:
        await asyncio.sleep(0)
        self.measured.append(target)
        return DirectPing(self.direct_ms, 0.2, self.loss_percent, "icmp")

    def planner(self, *, node: str | None = None, force: bool = False, named: bool = True) -> Planner:
        targets = TARGETS if named else []
        text = "198.20.0.7:27015" if named else None
        return Planner(self.server, GAME, targets, text, self.memory, self.ping, lambda _: None, node=node, force=force)


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    relays = {name: LoopbackRelay(relay_id=50 + number).open() for number, name in enumerate(("near", "far"))}
    yield LoopbackServer(relays, legs={"near": leg(40.0), "far": leg(60.0)})
    for relay in relays.values():
        relay.close()


async def test_a_direct_way_that_is_shorter_ends_it_before_anything_begins(server: LoopbackServer) -> None:
    bench = Bench(server)
    with pytest.raises(DirectIsBetter) as caught:
        await bench.planner().first_plan((await server.nodes()).nodes)
    assert caught.value.direct_ms == 18.0
    assert caught.value.boosted_ms >= 40.0
    assert bench.measured == [DirectTarget("198.20.0.7", "icmp", None, estimated=False)]
    assert server.starts == []


async def test_who_insists_gets_the_booster_and_the_measurement_goes_along(server: LoopbackServer) -> None:
    plan = await Bench(server).planner(force=True).first_plan((await server.nodes()).nodes)
    assert plan.relays.exit_ids == ("near", "far")
    assert plan.leg == leg(40.0)
    assert plan.direct is not None
    assert {entry.node_id for entry in plan.relays.measurements} == {"near", "far"}


@pytest.mark.parametrize(("direct_ms", "loss_percent"), [(58.0, 0.0), (None, 100.0), (30.0, 50.0)])
async def test_a_longer_an_unknown_and_a_lossy_direct_way_are_boosted(
    server: LoopbackServer, direct_ms: float | None, loss_percent: float
) -> None:
    plan = await Bench(server, direct_ms, loss_percent).planner().first_plan((await server.nodes()).nodes)
    assert plan.relays.exit_ids[0] == "near"


async def test_without_a_known_leg_nothing_is_predicted_and_so_nothing_refused(server: LoopbackServer) -> None:
    server.legs = {}
    plan = await Bench(server, 1.0).planner().first_plan((await server.nodes()).nodes)
    assert plan.leg is None


async def test_where_no_host_stands_for_the_game_the_direct_way_is_not_measured(server: LoopbackServer) -> None:
    bench = Bench(server)
    plan = await bench.planner(named=False).first_plan((await server.nodes()).nodes)
    assert (plan.direct, bench.measured) == (None, [])


async def test_a_relay_that_the_player_insists_on_is_named_by_its_id_and_weighed_alone(server: LoopbackServer) -> None:
    planner = Bench(server, 70.0).planner(node="FAR")
    plan = await planner.first_plan((await server.nodes()).nodes)
    assert planner.node_id() == "far"
    assert (plan.relays.exit_ids, plan.leg) == ((), leg(60.0))
    with pytest.raises(DirectIsBetter):
        await Bench(server, 50.0).planner(node="far").first_plan((await server.nodes()).nodes)


async def test_the_memory_of_this_machine_counts_in_the_order(server: LoopbackServer) -> None:
    bench = Bench(server)
    bench.memory.distrust("near")
    planner = bench.planner(force=True)
    assert (await planner.replan()).exit_ids == ("far",)
    assert await planner.ask_leg("near") == leg(40.0)
    assert await planner.ask_leg("no-such") is None
