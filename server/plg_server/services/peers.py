"""The relays that each relay hears of: next hops of its transits, and what it measures once a second.

With many relays each one gets the MAX_PEERS that stand next to it in a ring ordered by id, so that whoever has you as a peer
is your peer, and nobody measures the whole world.
"""

import base64
import time
from hashlib import blake2s

from plg.contract.relay_control import MAX_PEERS, PeerRelay
from plg.protocol.keys import mask_key, probe_key
from plg.protocol.probe import make_probe_token
from plg_server.ids import utc_now
from plg_server.models.nodes import Node
from plg_server.services.relay_addresses import RelayAddresses
from plg_server.services.relay_keys import sealing_keys
from plg_server.services.relay_state import RelayStates

SNAPSHOT_S = 5.0
"""Every relay asks at each heartbeat: they share one look at the database and the store."""

TOKEN_EPOCH_S = 1800
"""A peer's probe token is the same for half an hour, from every replica, and good for one epoch more."""


class Peers:
    """Needs an active database; may raise StoreUnavailable."""

    def __init__(self, states: RelayStates, addresses: RelayAddresses) -> None:
        self._states = states
        self._addresses = addresses
        self._known: list[PeerRelay] = []
        self._fresh_until = 0.0

    async def of(self, node_id: str) -> list[PeerRelay]:
        """The peers of one relay, by node id; never itself, at most MAX_PEERS."""
        now_s = time.monotonic()
        # Who asks and is not in it has just come: it and the others should know each other at once.
        if now_s >= self._fresh_until or all(peer.node_id != node_id for peer in self._known):
            self._known = await self._snapshot()
            self._fresh_until = now_s + SNAPSHOT_S
        return neighbours(self._known, node_id)

    async def _snapshot(self) -> list[PeerRelay]:
        rows = await Node.filter(disabled_at=None).order_by("id")
        keys = await sealing_keys([node.id for node in rows], utc_now())
        addresses = await self._addresses.of(node.host for node in rows)
        found = []
        for node in rows:
            state = await self._states.last(node.id)
            if state is None or node.id not in keys or not addresses[node.host]:
                continue
            found.append(
                PeerRelay(
                    node_id=node.id,
                    relay_id=node.relay_id,
                    addresses=[str(address) for address in addresses[node.host]],
                    port=node.port,
                    ping_token=base64.b64encode(peer_token(keys[node.id].key, node.id, time.time())).decode(),
                    mask_key=base64.b64encode(mask_key(node.control_key)).decode() if state.mask else None,
                )
            )
        return found


def neighbours(ring: list[PeerRelay], node_id: str, limit: int = MAX_PEERS) -> list[PeerRelay]:
    """Those next to `node_id` in the ring (sorted by id), half on each side; it need not be in it itself."""
    others = [peer for peer in ring if peer.node_id != node_id]
    if len(others) <= limit:
        return others
    at = sum(peer.node_id < node_id for peer in others)
    picked = {(at + step) % len(others) for step in range(-(limit // 2), limit - limit // 2)}
    return [others[number] for number in sorted(picked)]


def peer_token(ticket_key: bytes, node_id: str, unix_s: float) -> bytes:
    """A probe token for relays: equal for the whole epoch, so that what a relay is told changes only when it must."""
    epoch = int(unix_s) // TOKEN_EPOCH_S
    serial = blake2s(f"{node_id} {epoch}".encode(), digest_size=8, person=b"peer").digest()
    return make_probe_token(probe_key(ticket_key), (epoch + 2) * TOKEN_EPOCH_S, serial)
