"""Order relays by the whole way, client to relay to game, and say which of the numbers are estimates. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from plg.contract.nodes import Node, NodeState
from plg.probe.relay_ping import RelayPing

LOSS_COST_MS_PER_PERCENT: Final = 10.0
"""Implementation. What a player would trade: 1 % of lost packets hurts about as much as 10 ms more ping."""
LOSS_COST_LIMIT_MS: Final = 100.0


@dataclass(frozen=True, slots=True)
class RankedNode:
    """One relay with its total. `total_ms` is None when the relay did not answer; `estimated` when the leg to the game is no
    measurement of this game's servers (or not known at all: then the median of the other relays' legs stands in)."""

    node: Node
    ping: RelayPing | None
    leg_ms: float | None
    total_ms: float | None
    score_ms: float | None
    estimated: bool

    @property
    def is_usable(self) -> bool:
        """Whether a new session may go there."""
        return self.score_ms is not None and self.node.state is NodeState.UP and not (self.ping and self.ping.full)


def rank_nodes(nodes: Sequence[Node], pings: Iterable[RelayPing]) -> list[RankedNode]:
    """Best first: usable relays by total latency plus the cost of loss, then the rest as they came."""
    by_node = {ping.node_id: ping for ping in pings}
    known_legs = [node.game_leg.rtt_ms for node in nodes if node.game_leg and node.game_leg.rtt_ms is not None]
    stand_in_ms = median(known_legs) if known_legs else None
    ranked = [_rank(node, by_node.get(node.id), stand_in_ms) for node in nodes]
    return sorted(ranked, key=lambda entry: (not entry.is_usable, entry.score_ms is None, entry.score_ms or 0.0))


def _rank(node: Node, ping: RelayPing | None, stand_in_ms: float | None) -> RankedNode:
    leg = node.game_leg
    leg_ms = leg.rtt_ms if leg is not None else None
    estimated = leg_ms is None or (leg is not None and leg.estimated)
    if leg_ms is None:
        leg_ms = stand_in_ms
    if ping is None or ping.rtt_ms is None:
        return RankedNode(node, ping, leg_ms, None, None, estimated)
    total_ms = ping.rtt_ms + (leg_ms or 0.0)
    loss_percent = ping.loss_percent + ((leg.loss_percent or 0.0) if leg is not None else 0.0)
    score_ms = total_ms + min(loss_percent * LOSS_COST_MS_PER_PERCENT, LOSS_COST_LIMIT_MS)
    return RankedNode(node, ping, leg_ms, total_ms, score_ms, estimated)
