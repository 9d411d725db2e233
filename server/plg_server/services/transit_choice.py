"""Which relays a session's further paths go through: near the exit's straight way in time, far from it in everything else.

total over transit B = player to B + B to exit A + A to game. Against the straight way to A that may cost at most 30 ms: a copy
that comes later than that saves nothing any more in a game. A transit on the exit's own machine would die with it; one in
the same city or network probably shares the fault that it should cover. Pure and deterministic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plg.contract.nodes import NodeState
from plg.contract.routes import RouteVerdict
from plg_server.services.mesh import Mesh
from plg_server.services.path_score import Figure, jitter_penalty_ms, load_penalty_ms, loss_penalty_ms
from plg_server.services.route_choice import Relay

MAX_ADDED_MS = 30.0
MAX_TRANSITS = 2

SAME_CITY_MS = 8.0
SAME_COUNTRY_MS = 3.0
SAME_NETWORK_MS = 8.0
"""What a likeness to the exit, or to a transit taken already, costs: a more different one may be that much slower."""


@dataclass(frozen=True, slots=True)
class RankedTransit:
    """A relay as transit to one exit. `score_ms` orders those that may serve; the three figures are None when not known."""

    relay: Relay
    mesh: Figure | None
    total_ms: float | None
    adds_ms: float | None
    score_ms: float
    verdict: RouteVerdict
    because: str


def choose_transits(
    exit_relay: Relay,
    relays: Sequence[Relay],
    mesh: Mesh,
    *,
    places: int,
    exclude: frozenset[str] = frozenset(),
    taken: Sequence[Relay] = (),
    unreachable: frozenset[str] = frozenset(),
) -> list[RankedTransit]:
    """Every other relay as transit to `exit_relay`, best first; the first `places` that may serve are CHOSEN.

    `taken` are transits that the session has already: they are judged no more, and the new ones should differ from them.
    `unreachable` are relays that cannot send to the exit, for want of an address of the same family.
    """
    have = {relay.node_id for relay in taken}
    judged = [
        _judged(exit_relay, relay, mesh, exclude, unreachable)
        for relay in relays
        if relay.node_id != exit_relay.node_id and relay.node_id not in have
    ]
    able = [entry for entry in judged if entry.verdict is RouteVerdict.POSSIBLE]
    near = [exit_relay, *taken]
    chosen: list[RankedTransit] = []
    while able and len(chosen) < places:
        best = min(able, key=lambda entry: (_with_likeness(entry, near), entry.relay.node_id))
        able.remove(best)
        if any(best.relay.shares_host(other) for other in near):
            continue
        near.append(best.relay)
        chosen.append(replace(best, verdict=RouteVerdict.CHOSEN))
    done = {entry.relay.node_id for entry in chosen}
    left = [entry for entry in judged if entry.relay.node_id not in done]
    left.sort(key=lambda entry: (entry.verdict is not RouteVerdict.POSSIBLE, entry.score_ms, entry.relay.node_id))
    return [*chosen, *left]


def likeness_ms(relay: Relay, other: Relay) -> float:
    """What the two have in common, as milliseconds: place and network."""
    same_country = bool(relay.country) and relay.country == other.country
    same_city = same_country and bool(relay.city) and relay.city.casefold() == other.city.casefold()
    place_ms = SAME_CITY_MS if same_city else SAME_COUNTRY_MS if same_country else 0.0
    return place_ms + (0.0 if relay.networks.isdisjoint(other.networks) else SAME_NETWORK_MS)


def why_none(ranked: Sequence[RankedTransit], exit_relay: Relay) -> str:
    """One line that says why there is no transit to this exit."""
    if not ranked:
        return "only one relay is left"
    if exit_relay.masks:
        return f"{exit_relay.name} wants masked headers, which a transit cannot carry"
    worst_first = {entry.verdict: entry for entry in reversed(ranked)}
    for verdict in (RouteVerdict.DETOUR, RouteVerdict.UNKNOWN_WAY, RouteVerdict.SAME_HOST, RouteVerdict.MASKED):
        if verdict in worst_first:
            entry = worst_first[verdict]
            return f"no relay can serve as transit ({entry.relay.name}: {entry.because})"
    return f"no relay can serve as transit ({ranked[0].relay.name}: {ranked[0].because})"


def _judged(
    exit_relay: Relay, relay: Relay, mesh: Mesh, exclude: frozenset[str], unreachable: frozenset[str]
) -> RankedTransit:
    link = mesh.link(relay.node_id, exit_relay.node_id)
    total_ms = adds_ms = None
    if relay.player_ms is not None and link is not None and link.rtt_ms is not None:
        if exit_relay.player_ms is not None:
            adds_ms = relay.player_ms + link.rtt_ms - exit_relay.player_ms
        if exit_relay.leg.total_ms is not None:
            total_ms = relay.player_ms + link.rtt_ms + exit_relay.leg.total_ms
    verdict, because = _verdict(exit_relay, relay, link, adds_ms, exclude, unreachable)
    if verdict is RouteVerdict.POSSIBLE and relay.player_ms is not None and link is not None:
        whole = "" if total_ms is None else f" + {exit_relay.leg.total_ms:.1f} ms to the game = {total_ms:.1f} ms"
        more = "more" if adds_ms is not None and adds_ms >= 0 else "less"
        because = (
            f"{relay.player_ms:.1f} ms to you + {link.rtt_ms:.1f} ms to {exit_relay.name}{whole}, "
            f"{abs(adds_ms or 0.0):.1f} ms {more} than straight"
        )
    score_ms = (
        (adds_ms or 0.0)
        + jitter_penalty_ms(relay.player, link)
        + loss_penalty_ms(relay.player, link)
        + load_penalty_ms(relay.load_percent)
        + likeness_ms(relay, exit_relay)
        + relay.load_percent / 100
    )
    return RankedTransit(relay, link, total_ms, adds_ms, score_ms, verdict, because)


def _verdict(
    exit_relay: Relay,
    relay: Relay,
    link: Figure | None,
    adds_ms: float | None,
    exclude: frozenset[str],
    unreachable: frozenset[str],
) -> tuple[RouteVerdict, str]:
    """The first thing that stands against it, else POSSIBLE."""
    if relay.node_id in exclude:
        return RouteVerdict.EXCLUDED, "you excluded it"
    if relay.state is NodeState.DRAINING:
        return RouteVerdict.DRAINING, "it is draining"
    if relay.state is NodeState.FULL:
        return RouteVerdict.FULL, "it is full"
    if relay.masks or exit_relay.masks:
        who = relay.name if relay.masks else exit_relay.name
        return RouteVerdict.MASKED, f"{who} wants masked headers, which a transit cannot carry"
    if relay.shares_host(exit_relay):
        return RouteVerdict.SAME_HOST, f"it shares a host with {exit_relay.name}"
    if relay.node_id in unreachable:
        return RouteVerdict.UNREACHABLE, f"it has no address of the same family as {exit_relay.name}"
    if relay.answered is False:
        return RouteVerdict.NO_ANSWER, "it did not answer you"
    if link is not None and link.rtt_ms is None:
        return RouteVerdict.NO_ANSWER, f"between it and {exit_relay.name} nothing comes through"
    if adds_ms is None:
        missing = "you did not measure" if link is not None else f"nobody measured the way to {exit_relay.name}"
        if link is not None:
            missing = f"{missing} {relay.name if relay.player_ms is None else exit_relay.name}"
        return RouteVerdict.UNKNOWN_WAY, missing
    if adds_ms > MAX_ADDED_MS:
        return RouteVerdict.DETOUR, f"adds {adds_ms:.1f} ms, more than {MAX_ADDED_MS:.0f} ms"
    return RouteVerdict.POSSIBLE, ""


def _with_likeness(entry: RankedTransit, near: Sequence[Relay]) -> float:
    """The score, with what it has in common with transits taken before (the exit is in the score already)."""
    return entry.score_ms + sum(likeness_ms(entry.relay, other) for other in near[1:])
