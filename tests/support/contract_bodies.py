"""Bodies of the public API with plausible values, for tests that need any valid one."""

from plg.contract.accounts import Account, Plan, TokenPair, Totals
from plg.contract.games import AddressChange, Confidence, DestinationRule, GameDetail, GamePage, GameSummary, Transport
from plg.contract.nodes import Node, NodeGameLeg, NodeState


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
