"""Where the next flows go, and whether a relay told the truth, judged from the live comparison."""

from plg.capture.packet_source import FlowKey
from plg.contract.nodes import NodeGameLeg
from plg.probe.direct_ping import DirectPing
from plg.protocol.destination import AccessList
from plg.tunnel.counterfactual import Comparison, Counterfactual, DirectTarget
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.flow_routes import Approvals, FlowRoutes
from plg.tunnel.live_judge import WINDOW_S, LiveJudge
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.fake_time import FakeClock
from support.scripted_source import ScriptedSource


class Bench:
    """A judge over a scripted comparison: direct takes 18 ms."""

    def __init__(self, now_ms: float | None, *, forced: bool = False, estimated: bool = False) -> None:
        self.now_ms = now_ms
        self.clock = FakeClock()
        self.events: list[TunnelEvent] = []
        self.engine = TunnelEngine(
            ScriptedSource(), FlowRoutes(AccessList(()), Approvals()), self.clock, lambda _key: None
        )
        leg = NodeGameLeg(region=None, rtt_ms=5.0, loss_percent=0.0, estimated=estimated)
        target = DirectTarget("192.0.2.1", "icmp", None, estimated=False)
        self.counterfactual = Counterfactual(self.clock, self.ping, self.ask, lambda _leg: target, leg)
        self.distrusted: list[str] = []
        self.judge = LiveJudge(
            self.counterfactual, self.compare, self.distrust, self.engine, self.clock, self.events.append, forced=forced
        )

    async def ping(self, target: DirectTarget, pings: int) -> DirectPing:
        raise AssertionError("not in these tests")

    async def ask(self) -> NodeGameLeg | None:
        raise AssertionError("not in these tests")

    def compare(self) -> Comparison | None:
        return None if self.now_ms is None else self.counterfactual.compare(self.clock.time(), self.now_ms - 5.0)

    def distrust(self) -> str | None:
        if self.distrusted:
            return None
        self.distrusted.append("liar")
        return "Liar"

    def windows(self, count: int) -> "Bench":
        for _ in range(count):
            self.clock.run(WINDOW_S)
            self.counterfactual.add(DirectPing(18.0, 0.2, 0.0, "icmp"), 5)
            self.judge.look()
        return self

    def what(self) -> list[Happening]:
        return [event.what for event in self.events]


def test_two_windows_in_which_direct_is_better_send_new_flows_direct_and_say_so() -> None:
    bench = Bench(30.0)
    directs = [bench.windows(1).engine.routes.direct_is_better for _ in range(2)]
    assert directs == [False, True]
    assert bench.what() == [Happening.DIRECT_BETTER]
    assert bench.events[0].detail == {"now_ms": 30.0, "direct_ms": 18.0}
    bench.now_ms = 10.0
    assert not bench.windows(15).engine.routes.direct_is_better
    assert bench.what() == [Happening.DIRECT_BETTER, Happening.BOOST_BETTER]


def test_who_insists_on_the_booster_keeps_it() -> None:
    bench = Bench(90.0, forced=True).windows(5)
    assert not bench.engine.routes.direct_is_better
    assert bench.events == []


def test_without_an_exit_there_is_nothing_to_judge() -> None:
    assert Bench(None).windows(3).events == []


def reply(bench: Bench, reply_ms: float) -> None:
    key = FlowKey(50000, "198.20.0.7", 27015)
    bench.engine.first_replies.add(reply_ms, f"{key.remote_address}:{key.remote_port}")


def test_a_relay_whose_claim_the_tunnels_own_evidence_disproves_is_distrusted_once() -> None:
    bench = Bench(15.0)
    reply(bench, 120.0)
    reply(bench, 130.0)
    bench.windows(3)
    assert bench.distrusted == ["liar"]
    assert bench.what() == [Happening.RELAY_DISTRUSTED]
    assert bench.events[0].detail == {"name": "Liar", "claimed_ms": 15.0, "measured_ms": 120.0}


def test_an_estimate_was_never_a_claim() -> None:
    bench = Bench(15.0, estimated=True)
    reply(bench, 120.0)
    reply(bench, 130.0)
    assert bench.windows(3).distrusted == []
