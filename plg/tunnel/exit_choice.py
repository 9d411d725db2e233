"""Which exit a session takes: the server's order, checked against what this machine measured itself, kept steady. Pure.

The server ranks exits by what clients and relays told it. Before a session the client measures the best of them once more, and its own
number wins: neither a stale matrix nor a relay that praises itself may attract a player. An exit that served well is kept unless another
is clearly better (protocol brief, section 5: no change for less than 10 ms or 15 %).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from plg.contract.routes import RouteCandidate, RouteReport, RouteVerdict
from plg.probe.node_ranking import LOSS_COST_LIMIT_MS, LOSS_COST_MS_PER_PERCENT
from plg.probe.relay_ping import RelayPing

VERIFIED_EXITS: Final = 3
"""Implementation. How many of the server's best are measured again: also the number of exits that a session request may name."""
SWITCH_GAIN_MS: Final = 10.0
SWITCH_GAIN_SHARE: Final = 0.15
"""Another exit than the previous one must be better by both: more than noise at 20 ms, and more than noise at 200 ms."""
OVERRULE_GAIN_MS: Final = 2.0
"""Implementation. Two medians of nine pings, a second apart, differ by this much over Wi-Fi: less does not overrule the server."""


_MAY_BE_CHOSEN: Final = frozenset({RouteVerdict.CHOSEN, RouteVerdict.STANDBY, RouteVerdict.POSSIBLE})


@dataclass(frozen=True, slots=True)
class RankedExit:
    """One exit as the server ranked it. `score_ms` is the server's, None when no new session may go there.

    `leg_ms` is the way from the exit to the game that the server counted with (players' experience with that exit included), and
    `other_ms` its further penalties (load, jitter) without the one for loss.
    """

    node_id: str
    score_ms: float | None
    leg_ms: float
    leg_loss_percent: float = 0.0
    other_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class CheckedExit:
    """One exit after the check. `total_ms` is the whole way with our own ping; `score_ms` adds loss and penalties.

    Both are None for an exit that may not or cannot be used; `total_ms` alone is None when only the server's word is known.
    """

    node_id: str
    server_rank: int
    own_ms: float | None
    total_ms: float | None
    score_ms: float | None

    @property
    def is_usable(self) -> bool:
        return self.score_ms is not None


class Because(Enum):
    """Why the first exit of an order is first."""

    SERVER_ORDER = auto()
    OWN_MEASUREMENT = auto()
    KEPT_PREVIOUS = auto()
    NOTHING_USABLE = auto()


@dataclass(frozen=True, slots=True)
class ExitOrder:
    """Exits, best first, those that cannot be used last.

    `gain_ms` is how much better the first is than the exit that would otherwise stand there: than the server's first when the own
    measurement overruled it, and, for a previous exit that was kept, how much another would have gained (too little).
    """

    exits: tuple[CheckedExit, ...]
    because: Because
    overruled: str | None = None
    gain_ms: float | None = None

    @property
    def chosen(self) -> CheckedExit | None:
        """The exit to use; None when there is none."""
        return self.exits[0] if self.exits and self.exits[0].is_usable else None

    def exit_ids(self) -> list[str]:
        """The usable exits to name in a session request, at most VERIFIED_EXITS."""
        return [entry.node_id for entry in self.exits if entry.is_usable][:VERIFIED_EXITS]


def order_exits(candidates: Sequence[RankedExit], own: Iterable[RelayPing], previous: str | None = None) -> ExitOrder:
    """Order `candidates` (the server's order) by `own` second measurements; `previous` is the exit of the last session or of this one.

    An exit that was measured and did not answer, or that says that it is full or closing down, comes last.
    """
    pings = {ping.node_id: ping for ping in own}
    checked = [_check(entry, rank, pings.get(entry.node_id)) for rank, entry in enumerate(candidates)]
    usable = sorted((entry for entry in checked if entry.is_usable), key=_score)
    unusable = [entry for entry in checked if not entry.is_usable]
    if not usable:
        return ExitOrder(tuple(unusable), Because.NOTHING_USABLE)
    best = usable[0]
    server_first = next(entry for entry, ranked in zip(checked, candidates, strict=True) if ranked.score_ms is not None)
    kept = next((entry for entry in usable if entry.node_id == previous), None)
    if kept is not None:
        gain_ms = _score(kept) - _score(best)
        if gain_ms < switch_gain_ms(_score(kept)):
            return _order(kept, usable, unusable, Because.KEPT_PREVIOUS, gain_ms=gain_ms if kept is not best else None)
    if best is server_first:
        return _order(best, usable, unusable, Because.SERVER_ORDER)
    if not server_first.is_usable:
        return _order(best, usable, unusable, Because.OWN_MEASUREMENT, overruled=server_first.node_id)
    gain_ms = _score(server_first) - _score(best)
    if gain_ms < OVERRULE_GAIN_MS:
        return _order(server_first, usable, unusable, Because.SERVER_ORDER)
    return _order(best, usable, unusable, Because.OWN_MEASUREMENT, overruled=server_first.node_id, gain_ms=gain_ms)


def ranked_exits(report: RouteReport) -> list[RankedExit]:
    """The server's candidates in its order, each with the part of its score that this machine cannot measure itself."""
    return [_ranked(candidate) for candidate in report.candidates]


def switch_gain_ms(current_ms: float) -> float:
    """How much better than `current_ms` another exit must be before it is worth a change."""
    return max(SWITCH_GAIN_MS, SWITCH_GAIN_SHARE * current_ms)


def loss_cost_ms(loss_percent: float) -> float:
    """What loss counts in a score: 10 ms for each percent, at most 100 ms."""
    return min(loss_percent * LOSS_COST_MS_PER_PERCENT, LOSS_COST_LIMIT_MS)


def _ranked(candidate: RouteCandidate) -> RankedExit:
    client_loss_percent = candidate.client_loss_percent or 0.0
    other_ms = candidate.load_penalty_ms + candidate.jitter_penalty_ms
    # From the score, because it also holds what stands in for a leg that is not known.
    leg_ms = candidate.score_ms - (candidate.client_ms or 0.0) - candidate.loss_penalty_ms - other_ms
    return RankedExit(
        candidate.node_id,
        candidate.score_ms if candidate.verdict in _MAY_BE_CHOSEN else None,
        max(leg_ms, 0.0),
        max(candidate.loss_penalty_ms / LOSS_COST_MS_PER_PERCENT - client_loss_percent, 0.0),
        other_ms,
    )


def _check(entry: RankedExit, rank: int, ping: RelayPing | None) -> CheckedExit:
    if ping is None:
        return CheckedExit(entry.node_id, rank, None, None, entry.score_ms)
    if ping.rtt_ms is None or ping.full or ping.draining or entry.score_ms is None:
        return CheckedExit(entry.node_id, rank, ping.rtt_ms, None, None)
    total_ms = ping.rtt_ms + entry.leg_ms
    score_ms = total_ms + loss_cost_ms(ping.loss_percent + entry.leg_loss_percent) + entry.other_ms
    return CheckedExit(entry.node_id, rank, ping.rtt_ms, total_ms, score_ms)


def _order(
    first: CheckedExit,
    usable: Sequence[CheckedExit],
    unusable: Sequence[CheckedExit],
    because: Because,
    *,
    overruled: str | None = None,
    gain_ms: float | None = None,
) -> ExitOrder:
    rest = [entry for entry in usable if entry is not first]
    return ExitOrder((first, *rest, *unusable), because, overruled, gain_ms)


def _score(entry: CheckedExit) -> float:
    """Of a usable exit."""
    return entry.score_ms if entry.score_ms is not None else float("inf")
