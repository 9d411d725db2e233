"""The second reader's tickets and resume token (sections 4 and 5), from the specification alone."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from support.second_reader import Cut, Refused, big, open_aes, seal_aes

TICKET_MAX: Final = 448
RESUME_MAX: Final = 112
EXIT: Final = 0
TRANSIT: Final = 1
TOLERANCE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Target:
    prefix: str
    first_port: int
    last_port: int


@dataclass(frozen=True, slots=True)
class Caps:
    packets_per_second: int
    kbit_per_second_up: int
    kbit_per_second_down: int
    flows: int
    local_ports: int


@dataclass(frozen=True, slots=True)
class ExitTicket:
    suite: int
    max_paths: int
    cid: bytes
    user_ref: bytes
    issued_at_s: int
    expires_at_s: int
    secret: bytes
    profile_id: int
    profile_revision: int
    caps: Caps
    transits: tuple[tuple[int, bytes], ...]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class TransitTicket:
    cid: bytes
    issued_at_s: int
    expires_at_s: int
    secret: bytes
    next_hop: bytes
    next_hop_port: int
    packets_per_second: int
    kbit_per_second_up: int
    kbit_per_second_down: int


@dataclass(frozen=True, slots=True)
class ResumeToken:
    cid: bytes
    issued_at_s: int
    ports: tuple[tuple[int, int], ...]


def read_address(family: int, field: bytes) -> IPv4Address | IPv6Address:
    """A family and 16 bytes: an IPv4 address in the first four, zeroes after."""
    if family == 6:
        return IPv6Address(field)
    if family != 4:
        raise Refused("no such family")
    if any(field[4:]):
        raise Refused("something follows an IPv4 address")
    return IPv4Address(field[:4])


def build_address(text: str) -> bytes:
    """The family and the 16 bytes of an address."""
    address = ip_address(text)
    return bytes([address.version]) + address.packed.ljust(16, b"\0")


def caps_of(cut: Cut) -> Caps:
    return Caps(cut.number(2), cut.number(2), cut.number(2), cut.number(1), cut.number(1))


def caps_bytes(caps: Caps) -> bytes:
    rates = (caps.packets_per_second, caps.kbit_per_second_up, caps.kbit_per_second_down)
    return b"".join(big(rate, 2) for rate in rates) + bytes([caps.flows, caps.local_ports])


def _associated(relay_id: int, role: int) -> bytes:
    return b"PLG1 ticket" + big(relay_id, 4) + bytes([role])


def seal_ticket(ticket_key: bytes, relay_id: int, role: int, *, key_id: int, nonce: bytes, body: bytes) -> bytes:
    return bytes([key_id]) + nonce + seal_aes(ticket_key, nonce, body, _associated(relay_id, role))


def open_ticket(ticket_keys: dict[int, bytes], relay_id: int, role: int, ticket: bytes) -> bytes:
    if len(ticket) > TICKET_MAX:
        raise Refused("the ticket is too long")
    cut = Cut(ticket)
    key_id, nonce = cut.number(1), cut.take(12)
    if key_id not in ticket_keys:
        raise Refused("no such ticket key")
    return open_aes(ticket_keys[key_id], nonce, cut.rest(), _associated(relay_id, role))


def accepted_at(now_s: int, issued_at_s: int, expires_at_s: int) -> bool:
    return issued_at_s - TOLERANCE_S <= now_s <= expires_at_s + TOLERANCE_S


def _target(cut: Cut) -> Target:
    address = read_address(cut.number(1), cut.take(16))
    length, first_port, last_port = cut.number(1), cut.number(2), cut.number(2)
    try:
        network = ip_network((address, length))
    except ValueError:
        raise Refused("no such prefix") from None
    if first_port > last_port:
        raise Refused("ports out of order")
    return Target(str(network), first_port, last_port)


def read_exit_body(body: bytes) -> ExitTicket:
    cut = Cut(body)
    version, suite, flags, max_paths = cut.number(1), cut.number(1), cut.number(1), cut.number(1)
    if version != 1 or flags:
        raise Refused("another version, or a flag")
    if suite not in {1, 2}:
        raise Refused("no such suite")
    ticket = ExitTicket(
        suite=suite,
        max_paths=max_paths,
        cid=cut.take(8),
        user_ref=cut.take(8),
        issued_at_s=cut.number(4),
        expires_at_s=cut.number(4),
        secret=cut.take(32),
        profile_id=cut.number(4),
        profile_revision=cut.number(4),
        caps=caps_of(cut),
        transits=tuple((cut.number(1), cut.take(16)) for _ in range(cut.number(1))),
        targets=_targets(cut),
    )
    cut.end()
    paths = [path for path, _ in ticket.transits]
    if not 1 <= max_paths <= 8 or any(not 1 <= path < max_paths or paths.count(path) > 1 for path in paths):
        raise Refused("no such path, or one path twice")
    if ticket.expires_at_s <= ticket.issued_at_s:
        raise Refused("ends before it begins")
    return ticket


def _targets(cut: Cut) -> tuple[Target, ...]:
    count = cut.number(1)
    if count > 8:
        raise Refused("too many targets")
    return tuple(_target(cut) for _ in range(count))


def build_exit_body(ticket: ExitTicket) -> bytes:
    parts = [
        bytes([1, ticket.suite, 0, ticket.max_paths]),
        ticket.cid,
        ticket.user_ref,
        big(ticket.issued_at_s, 4),
        big(ticket.expires_at_s, 4),
        ticket.secret,
        big(ticket.profile_id, 4),
        big(ticket.profile_revision, 4),
        caps_bytes(ticket.caps),
        bytes([len(ticket.transits)]),
        *(bytes([path]) + address for path, address in ticket.transits),
        bytes([len(ticket.targets)]),
    ]
    for target in ticket.targets:
        network = ip_network(target.prefix)
        parts += [build_address(str(network.network_address)), bytes([network.prefixlen])]
        parts += [big(target.first_port, 2), big(target.last_port, 2)]
    return b"".join(parts)


def read_transit_body(body: bytes) -> TransitTicket:
    cut = Cut(body)
    if cut.number(1) != 1:
        raise Refused("another version")
    ticket = TransitTicket(
        cid=cut.take(8),
        issued_at_s=cut.number(4),
        expires_at_s=cut.number(4),
        secret=cut.take(32),
        next_hop=cut.take(16),
        next_hop_port=cut.number(2),
        packets_per_second=cut.number(2),
        kbit_per_second_up=cut.number(2),
        kbit_per_second_down=cut.number(2),
    )
    cut.end()
    if not ticket.next_hop_port or ticket.expires_at_s <= ticket.issued_at_s:
        raise Refused("no next hop port, or ends before it begins")
    return ticket


def build_transit_body(ticket: TransitTicket) -> bytes:
    return b"".join(
        [
            bytes([1]),
            ticket.cid,
            big(ticket.issued_at_s, 4),
            big(ticket.expires_at_s, 4),
            ticket.secret,
            ticket.next_hop,
            big(ticket.next_hop_port, 2),
            big(ticket.packets_per_second, 2),
            big(ticket.kbit_per_second_up, 2),
            big(ticket.kbit_per_second_down, 2),
        ]
    )


# The resume token, in the relay's own layout.


def read_resume_token(resume_key: bytes, relay_id: int, token: bytes) -> ResumeToken:
    if len(token) > RESUME_MAX:
        raise Refused("the resume token is too long")
    cut = Cut(token)
    nonce = cut.take(12)
    body = Cut(open_aes(resume_key, nonce, cut.rest(), b"PLG1 resume" + big(relay_id, 4)))
    cid, issued_at_s, count = body.take(8), body.number(4), body.number(1)
    ports = tuple((body.number(2), body.number(2)) for _ in range(count))
    body.end()
    return ResumeToken(cid, issued_at_s, ports)


def build_resume_token(resume_key: bytes, relay_id: int, nonce: bytes, token: ResumeToken) -> bytes:
    body = token.cid + big(token.issued_at_s, 4) + bytes([len(token.ports)])
    body += b"".join(big(local, 2) + big(remote, 2) for local, remote in token.ports)
    return nonce + seal_aes(resume_key, nonce, body, b"PLG1 resume" + big(relay_id, 4))
