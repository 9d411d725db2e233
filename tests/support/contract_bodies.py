"""Bodies of the public API with plausible values, for tests that need any valid one."""

from plg.contract.accounts import Account, Plan, TokenPair, Totals
from plg.contract.benchmarks import BenchmarkArm, BenchmarkReport, BenchmarkVerdict
from plg.contract.games import AddressChange, Confidence, DestinationRule, GameDetail, GamePage, GameSummary, Transport
from plg.contract.nodes import Node, NodeGameLeg, NodeState
from plg.contract.routes import (
    DirectAdvice,
    DirectVerdict,
    RouteCandidate,
    RouteReport,
    RouteVerdict,
    TransitCandidate,
)


def token_pair(number: int = 1) -> TokenPair:
    return TokenPair(
        access_token=f"access-{number}",
        access_expires_at="2030-01-01T00:00:00Z",
        refresh_token=f"refresh-token-number-{number:04}",
        refresh_expires_at="2030-02-01T00:00:00Z",
    )


def account(email: str = "ann@example.org", *, sessions: int = 0) -> Account:
    return Account(
        id="a1",
        email=email,
        display_name="Ann",
        role="player",
        created_at="2026-11-22T00:00:00Z",
        plan=Plan(name="free", expires_at=None, max_sessions=2),
        totals=Totals(sessions=sessions, seconds=600, packets=10, bytes=2_500_000),
    )


def game_summary(slug: str = "openarena", name: str = "OpenArena") -> GameSummary:
    return GameSummary(
        slug=slug,
        name=name,
        category="shooter",
        badge=None,
        transport=Transport.UDP,
        boostable=True,
        aliases=["OA"],
        tags=[],
        steam_appid=None,
        executables=["openarena"],
    )


def game_page(*games: GameSummary, total: int | None = None, offset: int = 0) -> GamePage:
    return GamePage(games=list(games), total=len(games) if total is None else total, limit=100, offset=offset)


def game_detail(slug: str = "openarena", name: str = "OpenArena") -> GameDetail:
    return GameDetail(
        slug=slug,
        name=name,
        category="shooter",
        badge=None,
        transport=Transport.UDP,
        boostable=True,
        aliases=["OA"],
        tags=[],
        steam_appid=None,
        publisher=None,
        p2p=False,
        executables_windows=["openarena.exe"],
        executables_linux=["openarena"],
        capture="process",
        udp_ports=["27960-27969"],
        destinations=[DestinationRule(cidrs=["192.0.2.0/24", "198.51.100.0/24"], ports=["27960"])],
        observed_targets=False,
        address_change=AddressChange.BOUND,
        hosting=[],
        regions=[],
        linux_status=None,
        anti_cheat_note=None,
        notes=None,
        confidence={"udp_ports": Confidence.HIGH},
        profile_id=1,
        revision=1,
    )


def node(name: str = "Frankfurt 1", *, leg_ms: float | None = None, estimated: bool = False) -> Node:
    leg = None if leg_ms is None else NodeGameLeg(region="eu", rtt_ms=leg_ms, loss_percent=0.0, estimated=estimated)
    return Node(
        id="fra1",
        name=name,
        country="DE",
        city="Frankfurt",
        host="192.0.2.10",
        port=443,
        state=NodeState.UP,
        load_percent=12.4,
        sessions=3,
        max_sessions=100,
        seen_seconds_ago=1.0,
        ping_token=None,
        game_leg=leg,
    )


def transit_candidate(node_id: str = "ams1", *, verdict: RouteVerdict = RouteVerdict.CHOSEN) -> TransitCandidate:
    return TransitCandidate(
        node_id=node_id,
        name="Amsterdam 1",
        country="NL",
        client_ms=14.0,
        mesh_ms=7.0,
        predicted_total_ms=33.0,
        adds_ms=3.0,
        verdict=verdict,
        because="14.0 ms to you + 7.0 ms to Frankfurt 1 + 12.0 ms to the game = 33.0 ms, 3.0 ms more than straight",
    )


def route_candidate(
    node_id: str = "fra1",
    name: str = "Frankfurt 1",
    *,
    client_ms: float = 18.0,
    leg_ms: float = 12.0,
    rank: int | None = 1,
    verdict: RouteVerdict = RouteVerdict.CHOSEN,
) -> RouteCandidate:
    return RouteCandidate(
        node_id=node_id,
        name=name,
        country="DE",
        city="Frankfurt",
        state=NodeState.UP,
        client_ms=client_ms,
        client_p95_ms=client_ms + 1.0,
        client_loss_percent=0.0,
        game_leg_ms=leg_ms,
        game_leg_claimed_ms=leg_ms,
        game_leg_region="eu",
        game_leg_age_s=30.0,
        game_leg_estimated=False,
        game_leg_doubted=False,
        jitter_penalty_ms=2.0,
        loss_penalty_ms=0.0,
        load_penalty_ms=0.0,
        load_percent=12.4,
        bias_ms=0.0,
        predicted_total_ms=client_ms + leg_ms,
        score_ms=client_ms + leg_ms + 2.0,
        rank=rank,
        verdict=verdict,
        because=f"{client_ms} ms to you + {leg_ms} ms to the game (eu) = {client_ms + leg_ms} ms",
        transits=[transit_candidate()],
    )


def route_report(*candidates: RouteCandidate, gain_ms: float | None = 20.0) -> RouteReport:
    """The first of the candidates is chosen, the second one is the standby."""
    ways = list(candidates) or [route_candidate()]
    advice = DirectAdvice.UNKNOWN if gain_ms is None else DirectAdvice.BOOST if gain_ms >= 5 else DirectAdvice.DIRECT
    return RouteReport(
        game="openarena",
        target=None,
        region="eu",
        max_paths=3,
        candidates=ways,
        chosen=ways[0].node_id,
        standby=ways[1].node_id if len(ways) > 1 else None,
        direct_verdict=DirectVerdict(advice=advice, gain_ms=gain_ms, because="the direct way against the best relay"),
    )


def benchmark_report(*, difference_ms: float = -17.0) -> BenchmarkReport:
    """Five minutes of blocks; the verdict follows from the difference and an interval of 2 ms around it."""
    low_ms, high_ms = difference_ms - 1.0, difference_ms + 1.0
    verdict = BenchmarkVerdict.NO_DIFFERENCE
    if high_ms < 0:
        verdict = BenchmarkVerdict.IMPROVED
    elif low_ms > 0:
        verdict = BenchmarkVerdict.WORSE
    return BenchmarkReport(
        game="openarena",
        region="eu",
        node_id="fra1",
        mode="redundant",
        method="udp_query",
        blocks=20,
        seconds=300.0,
        direct=BenchmarkArm(samples=500, rtt_ms_p50=58.0, rtt_ms_p95=64.0, rtt_ms_p99=80.0, jitter_ms=2.0),
        boosted=BenchmarkArm(
            samples=500, rtt_ms_p50=58.0 + difference_ms, rtt_ms_p95=64.0 + difference_ms, jitter_ms=1.0
        ),
        difference_ms=difference_ms,
        ci_low_ms=low_ms,
        ci_high_ms=high_ms,
        verdict=verdict,
        client_version="1",
    )
