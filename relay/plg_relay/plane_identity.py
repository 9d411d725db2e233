"""Who a data plane answers as; the same for every worker of one relay."""

import msgspec

from plg.protocol.destination import Address, Network


class PlaneIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """`own_networks` are never reached; `own_ports` on our own addresses not even in a lab.

    `mask_key` (32 bytes) hides the header of every datagram between clients and us; None: headers stay bare.
    """

    relay_id: int
    boot_id: bytes
    boot_parity: int
    own_addresses: frozenset[Address]
    own_networks: tuple[Network, ...]
    own_ports: frozenset[int]
    mask_key: bytes | None = None
