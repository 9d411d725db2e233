"""Which exit a session gets: the one with the best way from the player through it to the game, and why each other one lost.

Pure: relays with their measured terms in, a ranking out; equal in, equal out. What the player measured to a relay is never
replaced by anything that a relay says; the relay's own claims are corrected before they come here (`claim_check`,
`experience`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from plg.contract.nodes import NodeState
from plg.contract.routes import DirectAdvice, DirectVerdict, RouteVerdict
from plg_server.services.path_score import (
    UNKNOWN,
    Figure,
    jitter_penalty_ms,
    load_penalty_ms,
    loss_penalty_ms,
    loss_percent,
)

UNKNOWN_LEG_MS = 60.0
"""Stands for a way to the game that nobody measured, when other relays' ways are known: no worse than a continent."""

WORTH_IT_MS = 5.0
"""Less gain than this is noise to a player, and the booster is one more thing that can break."""

DIRECT_LOSS_PERCENT = 0.1
DIRECT_SPREAD_MS = 8.0
"""A direct way that loses or wavers more than this is worth mending ..."""

MENDING_MAY_COST_MS = 20.0
"""... even when the mended way is longer by up to this."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A relay's way to the game as it is counted. `claimed_ms` is what the relay says; `doubted`: the claim was replaced.

    `bias_ms` is what players measured on top. `place` names where the leg ends, for what players measure there.
    """

    figure: Figure = UNKNOWN
    region: str | None = None
    place: str = ""
    estimated: bool = False
    claimed_ms: float | None = None
    doubted: bool = False
    bias_ms: float = 0.0

    @property
    def total_ms(self) -> float | None:
        """What the prediction counts for this leg."""
        return None if self.figure.rtt_ms is None else self.figure.rtt_ms + self.bias_ms


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay that is alive. `player` is the player's own measurement, None when it made none.

    `hosts` are the addresses (or the name) it lives at: two relays that share one share a fate. `networks` stand for its
    provider. `priority_ms` is the operator's: counted in its favour, below 0 against it.
    """

    node_id: str
    name: str
    country: str = ""
    city: str = ""
    hosts: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    state: NodeState = NodeState.UP
    load_percent: float = 0.0
    masks: bool = False
    priority_ms: int = 0
    player: Figure | None = None
    leg: Leg = field(default_factory=Leg)

    @property
    def answered(self) -> bool | None:
        """Whether it answered the player; None when the player did not ask."""
        return None if self.player is None else self.player.rtt_ms is not None

    @property
    def player_ms(self) -> float | None:
        """Player to relay, as the player measured it."""
        return None if self.player is None else self.player.rtt_ms

    @property
    def total_ms(self) -> float | None:
        """Player to game through this relay; None when one of the two legs is not known."""
        if self.player_ms is None or self.leg.total_ms is None:
            return None
        return self.player_ms + self.leg.total_ms

    def shares_host(self, other: "Relay") -> bool:
        """Whether one dead machine would take both."""
        return self.node_id == other.node_id or not self.hosts.isdisjoint(other.hosts)


@dataclass(frozen=True, slots=True)
class RankedExit:
    """A relay as exit with the terms of its score. `rank` is None for one that may not be chosen."""

    relay: Relay
    jitter_ms: float
    loss_ms: float
    load_ms: float
    score_ms: float
    rank: int | None
    verdict: RouteVerdict
    because: str


@dataclass(frozen=True, slots=True)
class ExitChoice:
    """Every relay as exit, the eligible ones first in their order; `standby` is on another host than `chosen`."""

    exits: tuple[RankedExit, ...]
    chosen: RankedExit | None
    standby: RankedExit | None


def choose_exits(
    relays: Sequence[Relay],
    *,
    wanted: Sequence[str] = (),
    exclude: frozenset[str] = frozenset(),
    insisted: str | None = None,
) -> ExitChoice:
    """Rank the relays and pick exit and standby.

    `wanted` is the player's own order (node ids): those of it that take sessions come before all others. `insisted` is the one
    exit that the player named; then `chosen` is that or nothing.
    """
    able = [relay for relay in relays if relay.state is NodeState.UP and relay.node_id not in exclude]
    unknown_leg_ms = _unknown_leg_ms(able)
    order = sorted(able, key=lambda relay: (_group(relay), _score(relay, unknown_leg_ms), relay.node_id))
    place = {node_id: number for number, node_id in enumerate(wanted)}
    picks = sorted(order, key=lambda relay: place.get(relay.node_id, len(place)))
    if insisted is not None:
        chosen = next((relay for relay in able if relay.node_id == insisted), None)
    else:
        chosen = picks[0] if picks else None
    standby = None
    if chosen is not None:
        standby = next((r for r in picks if not r.shares_host(chosen) and r.answered is not False), None)
    best = order[0] if order else None
    ranked = [
        _ranked(relay, number, unknown_leg_ms, chosen, standby, best, len(order), wanted=place, insisted=insisted)
        for number, relay in enumerate(order, 1)
    ]
    others = [relay for relay in relays if relay not in able]
    rest = sorted(others, key=lambda relay: (_group(relay), _score(relay, unknown_leg_ms), relay.node_id))
    exits = (*ranked, *(_unable(relay, unknown_leg_ms, exclude) for relay in rest))
    by_id = {entry.relay.node_id: entry for entry in exits}
    return ExitChoice(
        exits,
        None if chosen is None else by_id[chosen.node_id],
        None if standby is None else by_id[standby.node_id],
    )


def direct_verdict(direct: Figure | None, chosen: Relay | None) -> DirectVerdict:
    """Whether the booster is worth it against the player's own direct way. Rounds nothing but what it says."""
    if direct is None or direct.rtt_ms is None:
        why = "the direct way was not measured" if direct is None else "the direct way does not answer"
        return DirectVerdict(advice=DirectAdvice.UNKNOWN, gain_ms=None, because=why)
    if chosen is None or chosen.total_ms is None:
        why = "no relay can be used" if chosen is None else f"the whole way through {chosen.name} is not known"
        return DirectVerdict(advice=DirectAdvice.UNKNOWN, gain_ms=None, because=why)
    gain_ms = direct.rtt_ms - chosen.total_ms
    figures = f"direct {direct.rtt_ms:.1f} ms, through {chosen.name} {chosen.total_ms:.1f} ms"
    boosted_loss = loss_percent(chosen.player, chosen.leg.figure)
    boosted_spread_ms = jitter_penalty_ms(chosen.player, chosen.leg.figure) / 2
    advice, why = DirectAdvice.DIRECT, f"a gain of {gain_ms:.1f} ms is less than {WORTH_IT_MS:.0f} ms"
    if gain_ms >= WORTH_IT_MS:
        advice, why = DirectAdvice.BOOST, f"{gain_ms:.1f} ms less"
    elif gain_ms >= -MENDING_MAY_COST_MS and direct.loss_percent > max(DIRECT_LOSS_PERCENT, boosted_loss):
        why = f"the direct way loses {direct.loss_percent:.1f} %, the other {boosted_loss:.1f} %"
        advice = DirectAdvice.BOOST
    elif gain_ms >= -MENDING_MAY_COST_MS and direct.spread_ms > max(DIRECT_SPREAD_MS, 2 * boosted_spread_ms):
        why = f"the direct way wavers by {direct.spread_ms:.1f} ms, the other by {boosted_spread_ms:.1f} ms"
        advice = DirectAdvice.BOOST
    return DirectVerdict(advice=advice, gain_ms=gain_ms, because=f"{figures}: {why}")


def _unknown_leg_ms(able: list[Relay]) -> float:
    """What an unmeasured way to the game counts: the longest known one, because not knowing must not be an advantage."""
    known = [relay.leg.total_ms for relay in able if relay.leg.total_ms is not None]
    return max([*known, UNKNOWN_LEG_MS]) if known else 0.0


def _group(relay: Relay) -> int:
    """A relay that did not answer the player comes after those that the player never asked."""
    return {True: 0, None: 1, False: 2}[relay.answered]


def _score(relay: Relay, unknown_leg_ms: float) -> float:
    leg_ms = relay.leg.total_ms if relay.leg.total_ms is not None else unknown_leg_ms
    return (
        (relay.player_ms or 0.0)
        + leg_ms
        + jitter_penalty_ms(relay.player, relay.leg.figure)
        + loss_penalty_ms(relay.player, relay.leg.figure)
        + load_penalty_ms(relay.load_percent)
        - relay.priority_ms
        + relay.load_percent / 100  # equals otherwise: the emptier one
    )


def _terms(relay: Relay, unknown_leg_ms: float, rank: int | None, verdict: RouteVerdict, because: str) -> RankedExit:
    return RankedExit(
        relay=relay,
        jitter_ms=jitter_penalty_ms(relay.player, relay.leg.figure),
        loss_ms=loss_penalty_ms(relay.player, relay.leg.figure),
        load_ms=load_penalty_ms(relay.load_percent),
        score_ms=_score(relay, unknown_leg_ms),
        rank=rank,
        verdict=verdict,
        because=because,
    )


def _ranked(
    relay: Relay,
    rank: int,
    unknown_leg_ms: float,
    chosen: Relay | None,
    standby: Relay | None,
    best: Relay | None,
    count: int,
    *,
    wanted: dict[str, int],
    insisted: str | None,
) -> RankedExit:
    way = describe_way(relay)
    if relay is chosen:
        verdict = RouteVerdict.CHOSEN
        if insisted is not None:
            why = "you asked for it"
        elif relay.node_id in wanted and relay is not best:
            why = f"your choice number {wanted[relay.node_id] + 1}"
        elif count == 1:
            why = "the only relay that is free"
        elif relay.player_ms is None:
            preferred = relay.priority_ms > 0
            why = (
                f"the operator prefers it among {count} relays" if preferred else f"the least loaded of {count} relays"
            )
        else:
            term = "total" if relay.leg.total_ms is not None else "ping"
            why = f"the lowest {term} of {count} relays"
    elif relay is standby:
        verdict, why = RouteVerdict.STANDBY, "the best exit on another host"
    elif relay.answered is False:
        verdict, why = RouteVerdict.NO_ANSWER, "it did not answer you"
    elif relay.player is not None and relay.leg.total_ms is None:
        verdict, why = RouteVerdict.UNKNOWN_WAY, "its way to the game was never measured"
    else:
        verdict, why = RouteVerdict.POSSIBLE, f"number {rank} of {count}"
        if best is not None and relay.player_ms is not None and best.player_ms is not None:
            behind_ms = _score(relay, unknown_leg_ms) - _score(best, unknown_leg_ms)
            why += f", {behind_ms:.1f} ms behind {best.name} with all penalties"
    return _terms(relay, unknown_leg_ms, rank, verdict, f"{why}; {way}")


def _unable(relay: Relay, unknown_leg_ms: float, exclude: frozenset[str]) -> RankedExit:
    if relay.node_id in exclude:
        verdict, why = RouteVerdict.EXCLUDED, "you excluded it"
    elif relay.state is NodeState.DRAINING:
        verdict, why = RouteVerdict.DRAINING, "it is draining and takes no new sessions"
    else:
        verdict, why = RouteVerdict.FULL, "it is full"
    return _terms(relay, unknown_leg_ms, None, verdict, f"{why}; {describe_way(relay)}")


def describe_way(relay: Relay) -> str:
    """The sum as a person reads it, with every penalty that is not zero."""
    if relay.answered is False:
        return "no answer to your pings"
    if relay.player_ms is None:
        return "not measured by you"
    if relay.leg.figure.rtt_ms is None or relay.total_ms is None:
        return f"{relay.player_ms:.1f} ms to you, its way to the game is not known"
    where = f" ({relay.leg.region})" if relay.leg.region else ""
    parts = f"{relay.player_ms:.1f} ms to you + {relay.leg.figure.rtt_ms:.1f} ms to the game{where}"
    if relay.leg.bias_ms >= 0.05:
        parts += f" + {relay.leg.bias_ms:.1f} ms that players measured on top"
    text = f"{parts} = {relay.total_ms:.1f} ms"
    if relay.leg.doubted and relay.leg.claimed_ms is not None:
        text += f"; it claims {relay.leg.claimed_ms:.1f} ms, which other relays' figures rule out"
    penalties = {
        "jitter": jitter_penalty_ms(relay.player, relay.leg.figure),
        "loss": loss_penalty_ms(relay.player, relay.leg.figure),
        "load": load_penalty_ms(relay.load_percent),
    }
    told = [f"{value:.1f} ms for {name}" for name, value in penalties.items() if value >= 0.05]
    text = f"{text}; counted worse by {', '.join(told)}" if told else text
    if relay.priority_ms:
        text += (
            f"; counted {'better' if relay.priority_ms > 0 else 'worse'} by {abs(relay.priority_ms)} ms by the operator"
        )
    return text
