"""All relays with what is known of each as a way to one game for one player: the input of the choice, gathered in one place."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from plg.contract.sessions import RelayMeasurement
from plg.protocol.destination import Address
from plg_server.ids import utc_now
from plg_server.models.sessions import LegFinding
from plg_server.services.experience import FORGOTTEN_AFTER_S, Experience
from plg_server.services.game_legs import Destination, game_legs, mesh_of, region_legs
from plg_server.services.mesh import Mesh
from plg_server.services.nodes import LiveNode, live_nodes
from plg_server.services.path_score import Figure
from plg_server.services.relay_addresses import RelayAddresses, common_pair, networks_of
from plg_server.services.relay_state import RelayStates
from plg_server.services.route_choice import Leg, Relay

EXPERIENCE_FOR_S = 30.0
"""What all players found is read that often; what the asking player found is always fresh."""

MAX_FINDINGS = 5000
MAX_OWN_FINDINGS = 200


@dataclass(frozen=True, slots=True)
class RouteMatrix:
    """The relays that live, by node id, as the choice wants them (`relays`) and as tickets do (`live`, `addresses`)."""

    relays: tuple[Relay, ...]
    live: Mapping[str, LiveNode]
    addresses: Mapping[str, tuple[Address, ...]]
    mesh: Mesh
    region_legs: Mapping[str, list[Leg]] = field(default_factory=dict)

    def relay(self, node_id: str) -> Relay | None:
        """One of them."""
        return next((relay for relay in self.relays if relay.node_id == node_id), None)

    def hop(self, transit_id: str, exit_id: str) -> tuple[Address, Address] | None:
        """The addresses of transit and exit by which the first reaches the second; None when there are none."""
        return common_pair(self.addresses[transit_id], self.addresses[exit_id])

    def unreachable(self, exit_id: str) -> frozenset[str]:
        """The relays that cannot send to this exit."""
        return frozenset(node_id for node_id in self.live if self.hop(node_id, exit_id) is None)


class RouteMatrices:
    """Makes them. Needs an active database; may raise StoreUnavailable."""

    def __init__(self, states: RelayStates, addresses: RelayAddresses) -> None:
        self._states = states
        self._addresses = addresses
        self._found: list[tuple[str, Experience]] = []
        self._found_at = -EXPERIENCE_FOR_S

    async def of(
        self,
        destination: Destination,
        *,
        account_id: str = "",
        measurements: Sequence[RelayMeasurement] = (),
        every_region: bool = False,
    ) -> RouteMatrix:
        """Every relay that is alive. Without an account nothing that players found is counted.

        `every_region`: with each relay's legs to all regions of the game.
        """
        live = {entry.node.id: entry for entry in await live_nodes(self._states)}
        by_host = await self._addresses.of(entry.node.host for entry in live.values())
        experiences = await self._experiences(account_id) if account_id else {}
        states = {node_id: entry.state for node_id, entry in live.items()}
        legs = game_legs(states, destination, experiences=experiences, account_id=account_id)
        measured = {entry.node_id: Figure(entry.rtt_ms, entry.loss_percent, entry.rtt_p95_ms) for entry in measurements}
        addresses = {node_id: by_host[entry.node.host] for node_id, entry in live.items()}
        relays = tuple(
            Relay(
                node_id=node_id,
                name=entry.node.name,
                country=entry.node.country,
                city=entry.node.city,
                hosts=frozenset(str(address) for address in addresses[node_id]) or frozenset({entry.node.host}),
                networks=networks_of(addresses[node_id]),
                state=entry.state.state,
                load_percent=entry.state.load_percent,
                masks=entry.state.mask,
                priority_ms=entry.node.priority,
                player=measured.get(node_id),
                leg=legs[node_id],
            )
            for node_id, entry in live.items()
        )
        by_region = {}
        if every_region:
            by_region = region_legs(states, destination.profile, experiences=experiences, account_id=account_id)
        return RouteMatrix(relays, live, addresses, mesh_of(states), by_region)

    async def _experiences(self, account_id: str) -> dict[str, list[Experience]]:
        now_s = time.monotonic()
        if now_s - self._found_at >= EXPERIENCE_FOR_S:
            self._found = await _findings(None, MAX_FINDINGS)
            self._found_at = now_s
        own = await _findings(account_id, MAX_OWN_FINDINGS)
        others = [item for item in self._found if item[1].account_id != account_id]
        by_node: dict[str, list[Experience]] = {}
        for node_id, experience in (*own, *others):
            by_node.setdefault(node_id, []).append(experience)
        return by_node


async def _findings(account_id: str | None, limit: int) -> list[tuple[str, Experience]]:
    """The newest findings, of one account or of all."""
    now = utc_now()
    rows = LegFinding.all() if account_id is None else LegFinding.filter(account_id=account_id)
    found = await rows.order_by("-found_at").limit(limit)
    return [
        (row.node_id, Experience(row.account_id, row.place, row.measured_leg_ms, row.counted_leg_ms, age_s))
        for row in found
        if (age_s := max(0.0, (now - row.found_at).total_seconds())) < FORGOTTEN_AFTER_S
    ]


async def forget_findings(now: datetime) -> int:
    """Delete what has no weight any more; returns how many rows. For the periodic job."""
    return await LegFinding.filter(found_at__lt=now - timedelta(seconds=FORGOTTEN_AFTER_S)).delete()
