"""What game servers do when a player's source address changes: four documented ways, the strictest first.

- `bound` (ENet): a datagram for a peer from another address or port is dropped, `enet_protocol_handle_incoming_commands` in
  protocol.c; a silent peer is given up after 5 to 30 s (ENET_PEER_TIMEOUT_MINIMUM and _MAXIMUM in enet.h).
- `port_only` (Quake III): the player is found by IP address and qport, and a new port is taken over, for the sake of players behind
  address translation, `SV_PacketEvent` in sv_main.c.
- `agile` (Unreal): an unknown address is told to restart its hand-shake; who then proves the new address, and knows the cookie that
  the server gave to the old one, goes on as the same player, StatelessConnectHandlerComponent. The client repeats after 1 s.
- `sdr` (Steam Datagram Relay): an unknown address is told that it has no session; the client opens it again with its ticket and
  the challenge in that answer (NoSession in the SDR protocol's public messages).

Both proofs are keyed hashes, so that the server remembers nothing about addresses it does not know.
"""

import hashlib
import secrets
from enum import StrEnum

Address = tuple[str, int]

PROOF_BYTES = 8


class AddressPolicy(StrEnum):
    """Named after the catalogue's `address_change`; `sdr` counts as agile there."""

    BOUND = "bound"
    PORT_ONLY = "port_only"
    AGILE = "agile"
    SDR = "sdr"


class AddressRule:
    """One server's policy, and the proofs that belong to it. `key` is the player and its channel."""

    def __init__(self, policy: AddressPolicy) -> None:
        self.policy = policy
        self._secret = secrets.token_bytes(32)

    def follows_at_once(self, known: Address, source: Address) -> bool:
        """Whether a packet from `source` counts as the player's without any proof."""
        return source == known or (self.policy is AddressPolicy.PORT_ONLY and source[0] == known[0])

    def credential(self, key: tuple[int, int], known: Address) -> int:
        """What the player at `known` is given, and has to show after a change: a cookie of that address, or a ticket."""
        return self._proof("ticket", key, ("", 0) if self.policy is AddressPolicy.SDR else known)

    def challenge(self, key: tuple[int, int], source: Address) -> int:
        """What only somebody who receives at `source` can repeat."""
        return self._proof("challenge", key, source)

    def _proof(self, what: str, key: tuple[int, int], address: Address) -> int:
        text = f"{what}|{key[0]}|{key[1]}|{address[0]}|{address[1]}"
        digest = hashlib.blake2s(text.encode(), key=self._secret, digest_size=PROOF_BYTES).digest()
        return int.from_bytes(digest, "big")
