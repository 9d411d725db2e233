"""What is known of every relay right now: the newest list, the last rounds of pings, the ways to a game. Pure."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean, median
from typing import TYPE_CHECKING, Final

from plg.cli.node_view import node_row
from plg.contract.cli_output import NodeRow
from plg.contract.nodes import Node
from plg.probe.node_ranking import RankedNode, rank_nodes
from plg.probe.relay_ping import RelayPing

if TYPE_CHECKING:
    from plg.cli.route_finding import FoundRoutes

KEPT_ROUNDS: Final = 30
"""Implementation. Rounds in the strip and in the share of lost pings: a minute."""
NOW_ROUNDS: Final = 3
"""Implementation. The ping that is shown is the median of so many rounds: one late answer does not turn the table around."""


class SortBy(StrEnum):
    """What the table can be sorted by."""

    BEST = "best"
    NAME = "name"
    PLACE = "place"
    PING = "ping"
    JITTER = "jitter"
    LOSS = "loss"
    LOAD = "load"
    WHOLE_WAY = "whole way"


@dataclass(frozen=True, slots=True)
class RelayLine:
    """One relay. `row` has the figures of the last rounds; `strip_ms` the ping of each round, newest last, None where none came back.

    `whole_ms` is its live ping plus its own way to the game, `gain_ms` what that is less than the direct way; None when not known.
    """

    node: Node
    row: NodeRow
    strip_ms: tuple[float | None, ...]
    answers: bool | None
    whole_ms: float | None
    gain_ms: float | None
    is_chosen: bool


class RelayBoard:
    """Takes rounds and gives lines."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._rounds: dict[str, deque[RelayPing]] = {}
        self.found: FoundRoutes | None = None

    @property
    def nodes(self) -> list[Node]:
        return self._nodes

    def list_nodes(self, nodes: list[Node]) -> None:
        """The server's newest list; pings of relays that are gone are forgotten."""
        self._nodes = nodes
        known = {node.id for node in nodes}
        self._rounds = {node_id: rounds for node_id, rounds in self._rounds.items() if node_id in known}

    def take_round(self, pings: Sequence[RelayPing]) -> None:
        """One round of pings."""
        known = {node.id for node in self._nodes}
        for ping in pings:
            if ping.node_id in known:
                self._rounds.setdefault(ping.node_id, deque(maxlen=KEPT_ROUNDS)).append(ping)

    def lines(self, sort_by: SortBy = SortBy.BEST, *, reverse: bool = False) -> list[RelayLine]:
        """Best first means: as `plg connect` would take them where that is known, else by ping."""
        pings = [_summed_up(node_id, rounds) for node_id, rounds in self._rounds.items()]
        ranked = rank_nodes(self._nodes, pings)
        if self.found is not None:
            places = {entry.node_id: place for place, entry in enumerate(self.found.order.exits)}
            ranked.sort(key=lambda entry: places.get(entry.node.id, len(places)))
        lines = [self._line(entry) for entry in ranked]
        value = _VALUES.get(sort_by)
        if value is not None:
            # What is not known stands last, whatever the direction.
            known = [line for line in lines if value(line) is not None]
            known.sort(key=value, reverse=reverse)  # type: ignore[arg-type]  # None is left out
            return known + [line for line in lines if value(line) is None]
        return lines[::-1] if reverse else lines

    def _line(self, entry: RankedNode) -> RelayLine:
        rounds = self._rounds.get(entry.node.id)
        row = node_row(entry)
        direct_ms = self.found.direct.rtt_ms if self.found is not None else None
        gain_ms = direct_ms - row.total_ms if direct_ms is not None and row.total_ms is not None else None
        chosen = self.found.order.chosen if self.found is not None else None
        return RelayLine(
            entry.node,
            row,
            tuple(ping.rtt_ms for ping in rounds or ()),
            None if not rounds else any(ping.rtt_ms is not None for ping in list(rounds)[-NOW_ROUNDS:]),
            row.total_ms,
            gain_ms,
            chosen is not None and chosen.node_id == entry.node.id,
        )


def _summed_up(node_id: str, rounds: Sequence[RelayPing]) -> RelayPing:
    """The last rounds as one ping."""
    newest = list(rounds)[-NOW_ROUNDS:]
    answers = [ping.rtt_ms for ping in newest if ping.rtt_ms is not None]
    jitters = [ping.jitter_ms for ping in newest if ping.jitter_ms is not None]
    return RelayPing(
        node_id,
        median(answers) if answers else None,
        fmean(jitters) if jitters else None,
        fmean(ping.loss_percent for ping in rounds),
        newest[-1].draining,
        newest[-1].full,
    )


_VALUES: Final[dict[SortBy, Callable[[RelayLine], str | float | None]]] = {
    SortBy.NAME: lambda line: line.row.name.casefold(),
    SortBy.PLACE: lambda line: f"{line.row.country} {line.row.city}".casefold(),
    SortBy.PING: lambda line: line.row.rtt_ms,
    SortBy.JITTER: lambda line: line.row.jitter_ms,
    SortBy.LOSS: lambda line: line.row.loss_percent,
    SortBy.LOAD: lambda line: line.row.load_percent,
    SortBy.WHOLE_WAY: lambda line: line.whole_ms,
}
