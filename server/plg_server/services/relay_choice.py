"""Which relay a session gets: the one with the lowest way from the player through it to the game, and why.

Pure: candidates in, a ranking out. Weights follow the path score of the protocol brief: what a game feels as worse.
"""

from dataclasses import dataclass

from plg.contract.nodes import NodeGameLeg

MS_PER_LOSS_PERCENT = 10.0
"""1 % of lost packets hurts about as much as 10 ms."""

MAX_LOSS_PENALTY_MS = 100.0
LOADED_FROM_PERCENT = 80.0
MS_PER_LOAD_PERCENT = 1.0
"""Above 80 % a relay gets dearer by 1 ms a percent, so that the next best takes over before it is full."""

UNKNOWN_LEG_MS = 60.0
"""Stands for a way to the game that nobody measured, when other relays' ways are known: no worse than a continent."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A relay that takes sessions. `rtt_ms` is the player's own measurement; `answered` is None when it made none."""

    node_id: str
    name: str
    load_percent: float
    answered: bool | None
    rtt_ms: float | None
    loss_percent: float
    leg: NodeGameLeg | None

    @property
    def leg_ms(self) -> float | None:
        """The relay's way to the game, null when nothing was measured."""
        return None if self.leg is None else self.leg.rtt_ms

    @property
    def total_ms(self) -> float | None:
        """Player to game through this relay, null when one of the two legs is not known."""
        if self.rtt_ms is None or self.leg_ms is None:
            return None
        return self.rtt_ms + self.leg_ms


@dataclass(frozen=True, slots=True)
class Choice:
    """The relay to take, and one line for the player that says why."""

    node_id: str
    predicted_total_ms: float | None
    because: str


def choose_relay(candidates: list[Candidate], *, asked_for: bool = False) -> Choice | None:
    """The best candidate, or None when there is none. `asked_for`: the player named the only candidate."""
    if not candidates:
        return None
    best = min(candidates, key=lambda candidate: (*_score(candidate, candidates), candidate.node_id))
    return Choice(best.node_id, best.total_ms, _because(best, len(candidates), asked_for=asked_for))


def _score(candidate: Candidate, candidates: list[Candidate]) -> tuple[int, float]:
    """Lower is better. A relay that did not answer comes after those that nobody measured."""
    group = {True: 0, None: 1, False: 2}[candidate.answered]
    legs = [other.leg_ms for other in candidates if other.leg_ms is not None]
    # An unknown way counts as the longest known one: not knowing must not be an advantage.
    leg_ms = candidate.leg_ms if candidate.leg_ms is not None else max([*legs, UNKNOWN_LEG_MS]) if legs else 0.0
    loss = candidate.loss_percent + (candidate.leg.loss_percent or 0.0 if candidate.leg is not None else 0.0)
    loss_ms = min(loss * MS_PER_LOSS_PERCENT, MAX_LOSS_PENALTY_MS)
    load_ms = max(0.0, candidate.load_percent - LOADED_FROM_PERCENT) * MS_PER_LOAD_PERCENT
    idle_ms = candidate.load_percent / 100  # equals otherwise: the emptier one
    return group, (candidate.rtt_ms or 0.0) + leg_ms + loss_ms + load_ms + idle_ms


def _because(best: Candidate, count: int, *, asked_for: bool) -> str:
    if best.rtt_ms is None:
        way = "not measured by you"
    elif best.leg_ms is None:
        way = f"{best.rtt_ms:.1f} ms to you, its way to the game is not known"
    else:
        where = f" ({best.leg.region})" if best.leg is not None and best.leg.region else ""
        way = f"{best.rtt_ms:.1f} ms to you + {best.leg_ms:.1f} ms to the game{where} = {best.total_ms:.1f} ms"
    if asked_for:
        return f"you asked for it; {way}"
    if count == 1:
        return f"the only relay that is free; {way}"
    if best.rtt_ms is None:
        return f"the least loaded of {count} relays; {way}"
    return f"the lowest {'total' if best.leg_ms is not None else 'ping'} of {count} relays; {way}"
