"""Tickets: sealed by the server, opened by the relay without asking anyone (SPEC section 4)."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plg.protocol.constants import CLOCK_SKEW_S, KEY_LENGTH, MAX_PATHS, MAX_TICKET_LENGTH, NONCE_LENGTH, TAG_LENGTH
from plg.protocol.destination import Address, unpack_address
from plg.protocol.errors import DropReason, ProtocolMisuse
from plg.protocol.keys import SUITES

TICKET_BODY_VERSION: Final = 1
ROLE_EXIT: Final = 0
ROLE_TRANSIT: Final = 1
MAX_TARGETS: Final = 8
_FIXED: Final = struct.Struct(">BBBBQQII32sIIHHHBB")
_TARGET: Final = struct.Struct(">B16sBHH")
_TRANSIT: Final = struct.Struct(">B16s")
_TRANSIT_BODY: Final = struct.Struct(">BQII32s16sHHHH")


@dataclass(frozen=True, slots=True)
class TicketCaps:
    """What one session may use, copies counted; the relay enforces it."""

    packets_per_second: int = 600
    kbit_per_second_up: int = 1500
    kbit_per_second_down: int = 6000
    flows: int = 64
    local_ports: int = 16


@dataclass(frozen=True, slots=True)
class TicketTarget:
    """One more destination than the profile allows: a prefix and an inclusive port range."""

    prefix: IPv4Network | IPv6Network
    first_port: int
    last_port: int


@dataclass(frozen=True, slots=True)
class ExitTicket:
    """The right to use one relay as exit. `cid` is a 64-bit random number, `secret` is K; times are Unix seconds.

    `transits` maps a path id to the packed address (16 bytes, IPv4 mapped) of the transit relay allowed there.
    """

    cid: int
    user_ref: int
    issued_at_s: int
    expires_at_s: int
    secret: bytes
    profile_id: int
    profile_revision: int
    suite: int = 1
    max_paths: int = 1
    caps: TicketCaps = TicketCaps()
    transits: tuple[tuple[int, bytes], ...] = ()
    targets: tuple[TicketTarget, ...] = ()

    def transit_of(self, path: int) -> bytes | None:
        """The packed address of the transit relay through which a path must come; None for a path straight from the client."""
        return next((address for listed, address in self.transits if listed == path), None)


def _associated_data(relay_id: int, role: int) -> bytes:
    return b"PLG1 ticket" + struct.pack(">IB", relay_id, role)


def seal_ticket(ticket: ExitTicket, ticket_key: bytes, key_id: int, relay_id: int, nonce: bytes) -> bytes:
    """Server side. `nonce` is 12 fresh random bytes. Layout: key id 1, nonce 12, AES-256-GCM(body), tag 16."""
    if len(nonce) != NONCE_LENGTH or len(ticket.secret) != KEY_LENGTH or len(ticket.targets) > MAX_TARGETS:
        raise ProtocolMisuse("ticket: nonce, secret or number of targets is wrong")
    if ticket.suite not in SUITES or not _paths_fit(ticket) or ticket.expires_at_s <= ticket.issued_at_s:
        raise ProtocolMisuse("ticket: suite, paths or times are wrong")
    caps = ticket.caps
    body = _FIXED.pack(
        TICKET_BODY_VERSION, ticket.suite, 0, ticket.max_paths, ticket.cid, ticket.user_ref,
        ticket.issued_at_s, ticket.expires_at_s, ticket.secret, ticket.profile_id, ticket.profile_revision,
        caps.packets_per_second, caps.kbit_per_second_up, caps.kbit_per_second_down, caps.flows, caps.local_ports,
    )  # fmt: skip
    body += bytes([len(ticket.transits)]) + b"".join(_TRANSIT.pack(path, ip) for path, ip in ticket.transits)
    body += bytes([len(ticket.targets)]) + b"".join(_pack_target(target) for target in ticket.targets)
    sealed = AESGCM(ticket_key).encrypt(nonce, body, _associated_data(relay_id, ROLE_EXIT))
    token = bytes([key_id]) + nonce + sealed
    if len(token) > MAX_TICKET_LENGTH:
        raise ProtocolMisuse(f"ticket of {len(token)} bytes is longer than {MAX_TICKET_LENGTH}")
    return token


def open_ticket(token: bytes, ticket_keys: dict[int, AESGCM], relay_id: int, unix_s: float) -> ExitTicket | DropReason:
    """Relay side: authenticate, decode, check the times (60 s of skew are tolerated)."""
    if not 1 + NONCE_LENGTH + _FIXED.size + TAG_LENGTH <= len(token) <= MAX_TICKET_LENGTH:
        return DropReason.TICKET_MALFORMED
    aead = ticket_keys.get(token[0])
    if aead is None:
        return DropReason.TICKET_FORGED
    try:
        body = aead.decrypt(token[1:13], token[13:], _associated_data(relay_id, ROLE_EXIT))
    except InvalidTag:
        return DropReason.TICKET_FORGED
    ticket = _decode_exit(body)
    if ticket is None:
        return DropReason.TICKET_MALFORMED
    if unix_s > ticket.expires_at_s + CLOCK_SKEW_S:
        return DropReason.TICKET_EXPIRED
    if unix_s < ticket.issued_at_s - CLOCK_SKEW_S:
        return DropReason.TICKET_NOT_YET_VALID
    return ticket


def _pack_target(target: TicketTarget) -> bytes:
    prefix = target.prefix
    return _TARGET.pack(
        prefix.version,
        prefix.network_address.packed.ljust(16, b"\0"),
        prefix.prefixlen,
        target.first_port,
        target.last_port,
    )


def _decode_exit(body: bytes) -> ExitTicket | None:
    """The body is authentic, so errors here mean a server of another version: still no exception."""
    try:
        (version, suite, flags, max_paths, cid, user_ref, issued, expires, secret, profile, revision,
         pps, up, down, flows, local_ports) = _FIXED.unpack_from(body)  # fmt: skip
        at = _FIXED.size
        n_transits = body[at]
        transits = tuple(_TRANSIT.unpack_from(body, at + 1 + i * _TRANSIT.size) for i in range(n_transits))
        at += 1 + n_transits * _TRANSIT.size
        n_targets = body[at]
        targets = tuple(_decode_target(body, at + 1 + i * _TARGET.size) for i in range(n_targets))
        at += 1 + n_targets * _TARGET.size
    except (struct.error, IndexError, ValueError):
        return None
    if version != TICKET_BODY_VERSION or flags or suite not in SUITES or at != len(body) or n_targets > MAX_TARGETS:
        return None
    if expires <= issued:
        return None
    ticket = ExitTicket(
        cid=cid, user_ref=user_ref, issued_at_s=issued, expires_at_s=expires, secret=secret,
        profile_id=profile, profile_revision=revision, suite=suite, max_paths=max_paths,
        caps=TicketCaps(pps, up, down, flows, local_ports), transits=transits, targets=targets,
    )  # fmt: skip
    return ticket if _paths_fit(ticket) else None


def _paths_fit(ticket: ExitTicket) -> bool:
    """Path 0 is straight to the exit; each other path has at most one transit."""
    paths = [path for path, _ in ticket.transits]
    return (
        1 <= ticket.max_paths <= MAX_PATHS
        and len(set(paths)) == len(paths)
        and all(0 < path < ticket.max_paths for path in paths)
    )


def _decode_target(body: bytes, at: int) -> TicketTarget:
    version, packed, length, first, last = _TARGET.unpack_from(body, at)
    if version not in (4, 6) or first > last:
        raise ValueError("target")
    address = packed[:4] if version == 4 else packed
    return TicketTarget(ip_network((address, length)), first, last)


@dataclass(frozen=True, slots=True)
class TransitTicket:
    """The right to have one relay forward one session between its client and `next_hop` (packed 16 bytes, port)."""

    cid: int
    issued_at_s: int
    expires_at_s: int
    secret: bytes
    next_hop: bytes
    next_hop_port: int
    packets_per_second: int
    kbit_per_second_up: int
    kbit_per_second_down: int

    @property
    def next_hop_address(self) -> Address:
        """The exit's address, IPv4 in its own form."""
        return unpack_address(self.next_hop)


def seal_transit_ticket(ticket: TransitTicket, ticket_key: bytes, key_id: int, relay_id: int, nonce: bytes) -> bytes:
    """Server side, as seal_ticket."""
    if len(nonce) != NONCE_LENGTH or len(ticket.secret) != KEY_LENGTH or len(ticket.next_hop) != 16:
        raise ProtocolMisuse("transit ticket: nonce, secret or next hop is wrong")
    if not ticket.next_hop_port or ticket.expires_at_s <= ticket.issued_at_s:
        raise ProtocolMisuse("transit ticket: port or times are wrong")
    body = _TRANSIT_BODY.pack(
        TICKET_BODY_VERSION, ticket.cid, ticket.issued_at_s, ticket.expires_at_s, ticket.secret, ticket.next_hop,
        ticket.next_hop_port, ticket.packets_per_second, ticket.kbit_per_second_up, ticket.kbit_per_second_down,
    )  # fmt: skip
    return bytes([key_id]) + nonce + AESGCM(ticket_key).encrypt(nonce, body, _associated_data(relay_id, ROLE_TRANSIT))


def open_transit_ticket(
    token: bytes, ticket_keys: dict[int, AESGCM], relay_id: int, unix_s: float
) -> TransitTicket | DropReason:
    """Relay side, as open_ticket."""
    if len(token) != 1 + NONCE_LENGTH + _TRANSIT_BODY.size + TAG_LENGTH:
        return DropReason.TICKET_MALFORMED
    aead = ticket_keys.get(token[0])
    if aead is None:
        return DropReason.TICKET_FORGED
    try:
        body = aead.decrypt(token[1:13], token[13:], _associated_data(relay_id, ROLE_TRANSIT))
    except InvalidTag:
        return DropReason.TICKET_FORGED
    version, *fields = _TRANSIT_BODY.unpack(body)
    ticket = TransitTicket(*fields)
    if version != TICKET_BODY_VERSION or not ticket.next_hop_port or ticket.expires_at_s <= ticket.issued_at_s:
        return DropReason.TICKET_MALFORMED
    if unix_s > ticket.expires_at_s + CLOCK_SKEW_S:
        return DropReason.TICKET_EXPIRED
    if unix_s < ticket.issued_at_s - CLOCK_SKEW_S:
        return DropReason.TICKET_NOT_YET_VALID
    return ticket
