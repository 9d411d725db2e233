"""Which relays there are and how far each is, for the choice at the start and when a relay is lost."""

import base64
from dataclasses import dataclass
from typing import Protocol

from plg.contract.nodes import Node, NodeList
from plg.contract.sessions import RelayMeasurement
from plg.probe.node_ranking import RankedNode, rank_nodes
from plg.probe.relay_ping import MAX_RELAYS, RelayTarget, SocketPreparation, measure_relays
from plg.protocol.constants import PROBE_TOKEN_LENGTH
from plg.tunnel.grants import read_mask

MAX_MEASUREMENTS = 64
"""Specification (StartSessionRequest): more measurements are refused."""


class NodeServer(Protocol):
    """The part of the server's API that lists relays; raises ApiError."""

    async def nodes(self, *, game: str | None = None, target: str | None = None) -> NodeList: ...


@dataclass(frozen=True, slots=True)
class RelaySurvey:
    """The relays of one moment, best first."""

    ranked: tuple[RankedNode, ...]

    def measurements(self) -> list[RelayMeasurement]:
        """What the server is told, so that it can choose; relays without a measurement are left out."""
        return [
            RelayMeasurement(
                node_id=entry.node.id, rtt_ms=entry.ping.rtt_ms, loss_percent=round(entry.ping.loss_percent, 2)
            )
            for entry in self.ranked[:MAX_MEASUREMENTS]
            if entry.ping is not None
        ]

    def rtt_ms(self, node_id: str) -> float | None:
        """The measured round trip to one relay."""
        return next((entry.ping.rtt_ms for entry in self.ranked if entry.node.id == node_id and entry.ping), None)

    def node_id(self, name: str) -> str:
        """The id of the relay that a person calls `name` (its id, or its name in any case); `name` itself when there is none."""
        for entry in self.ranked:
            if name == entry.node.id or name.casefold() == entry.node.name.casefold():
                return entry.node.id
        return name


async def survey_relays(nodes: list[Node], *, prepare: SocketPreparation | None = None) -> RelaySurvey:
    """Ping the relays that gave us a token (the emptiest ones when there are many) and rank all."""
    targets = [target for target in map(relay_target, sorted(nodes, key=lambda node: node.load_percent)) if target]
    pings = await measure_relays(targets[:MAX_RELAYS], prepare=prepare) if targets else []
    return RelaySurvey(tuple(rank_nodes(nodes, pings)))


def relay_target(node: Node) -> RelayTarget | None:
    """What a ping of this relay needs, or None without a usable token, or with a mask key that is none."""
    try:
        token = base64.b64decode(node.ping_token or "", validate=True)
        mask = read_mask(node.mask_key)
    except ValueError:
        return None
    return RelayTarget(node.id, node.host, node.port, token, mask) if len(token) == PROBE_TOKEN_LENGTH else None
