"""The second reader's hand-shake (section 5) and probes (section 8), from the specification alone."""

import hmac
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from support.second_reader import (
    COOKIE,
    HELLO,
    LPING,
    LPONG,
    NO_SESSION,
    WELCOME,
    Cut,
    Refused,
    big,
    expect,
    first_byte,
    hello_mac_key,
    keyed_mac,
    open_aes,
    seal_aes,
    welcome_key,
)
from support.second_reader_tickets import (
    EXIT,
    RESUME_MAX,
    TICKET_MAX,
    TRANSIT,
    Caps,
    build_address,
    caps_bytes,
    caps_of,
    read_address,
)

HELLO_MAC_AT: Final = 624
STATUSES: Final = (
    "OK",
    "UNKNOWN_PROFILE",
    "FULL",
    "DRAINING",
    "REVOKED",
    "EXPIRED",
    "TOO_MANY_SESSIONS",
    "NO_TRANSIT",
    "NEXT_HOP_DENIED",
)


@dataclass(frozen=True, slots=True)
class Hello:
    cid: bytes
    path: int
    role: int
    hello_ts_ms: int
    client_nonce: bytes
    cookie_time_s: int
    cookie_mac: bytes
    ticket: bytes
    resume_token: bytes


def with_hello_mac(secret: bytes, head: bytes) -> bytes:
    """The first 624 bytes of a HELLO and the mac that belongs to them."""
    return head + keyed_mac(hello_mac_key(secret), head)


def read_hello(secret: bytes, datagram: bytes) -> Hello:
    outer = expect(datagram, HELLO)
    head = datagram[:HELLO_MAC_AT]
    cut = Cut(head[9:])
    version, path, role = cut.number(1), cut.number(1), cut.number(1)
    if version != 1:
        raise Refused("another version")
    if path > 7 or role not in {EXIT, TRANSIT}:
        raise Refused("no such path or role")
    if role == TRANSIT and path == 0:
        raise Refused("no transit has path 0")
    hello_ts_ms, client_nonce = cut.number(8), cut.take(16)
    cookie_time_s, cookie_mac = cut.number(4), cut.take(16)
    ticket_length, token_length = cut.number(2), cut.number(2)
    if ticket_length > TICKET_MAX or token_length > (RESUME_MAX if role == EXIT else 0):
        raise Refused("the ticket or the resume token is too long")
    ticket, token = cut.take(ticket_length), cut.take(token_length)
    if any(cut.rest()):
        raise Refused("something follows the resume token")
    if not hmac.compare_digest(keyed_mac(hello_mac_key(secret), head), datagram[HELLO_MAC_AT:]):
        raise Refused("not authentic")
    return Hello(outer.cid, path, role, hello_ts_ms, client_nonce, cookie_time_s, cookie_mac, ticket, token)


def build_hello(secret: bytes, hello: Hello) -> bytes:
    head = b"".join(
        [
            first_byte(HELLO) + hello.cid,
            bytes([1, hello.path, hello.role]),
            big(hello.hello_ts_ms, 8),
            hello.client_nonce,
            big(hello.cookie_time_s, 4),
            hello.cookie_mac,
            big(len(hello.ticket), 2),
            big(len(hello.resume_token), 2),
            hello.ticket,
            hello.resume_token,
        ]
    )
    return with_hello_mac(secret, head.ljust(HELLO_MAC_AT, b"\0"))


@dataclass(frozen=True, slots=True)
class Welcome:
    cid: bytes
    path: int
    status: int
    relay_nonce: bytes
    relay_time_ms: int
    boot_id: bytes
    observed_address: str
    observed_port: int
    caps: Caps
    resume_token: bytes


def read_welcome(secret: bytes, client_nonce: bytes, datagram: bytes) -> Welcome:
    outer = expect(datagram, WELCOME)
    path, nonce = datagram[9], datagram[10:22]
    if path > 7:
        raise Refused("no such path")
    cut = Cut(open_aes(welcome_key(secret, client_nonce), nonce, datagram[22:], datagram[:22]))
    status = cut.number(1)
    if status >= len(STATUSES):
        raise Refused("no such status")
    relay_nonce, relay_time_ms, boot_id = cut.take(16), cut.number(8), cut.take(8)
    address, port = read_address(cut.number(1), cut.take(16)), cut.number(2)
    caps = caps_of(cut)
    token = cut.take(cut.number(2))
    cut.end()
    return Welcome(outer.cid, path, status, relay_nonce, relay_time_ms, boot_id, str(address), port, caps, token)


def build_welcome(secret: bytes, client_nonce: bytes, nonce: bytes, welcome: Welcome) -> bytes:
    head = first_byte(WELCOME) + welcome.cid + bytes([welcome.path]) + nonce
    body = b"".join(
        [
            bytes([welcome.status]),
            welcome.relay_nonce,
            big(welcome.relay_time_ms, 8),
            welcome.boot_id,
            build_address(welcome.observed_address),
            big(welcome.observed_port, 2),
            caps_bytes(welcome.caps),
            big(len(welcome.resume_token), 2),
            welcome.resume_token,
        ]
    )
    return head + seal_aes(welcome_key(secret, client_nonce), nonce, body, head)


@dataclass(frozen=True, slots=True)
class Cookie:
    cid: bytes
    time_s: int
    mac: bytes


def cookie_mac(secret: bytes, address: str, port: int, client_nonce: bytes, time_s: int) -> bytes:
    """What the relay computes; the port is taken as decimal text, like the address."""
    return keyed_mac(secret, f"{address}|{port}|".encode() + client_nonce + big(time_s, 4))


def read_cookie(datagram: bytes) -> Cookie:
    outer = expect(datagram, COOKIE)
    if datagram[9]:
        raise Refused("byte 9 is not zero")
    return Cookie(outer.cid, int.from_bytes(datagram[10:14], "big"), datagram[14:])


def build_cookie(cookie: Cookie) -> bytes:
    return first_byte(COOKIE) + cookie.cid + b"\0" + big(cookie.time_s, 4) + cookie.mac


def read_no_session(datagram: bytes) -> bytes:
    return expect(datagram, NO_SESSION).cid


def build_no_session(cid: bytes) -> bytes:
    return first_byte(NO_SESSION) + cid


# Section 8.


@dataclass(frozen=True, slots=True)
class Probe:
    random: bytes
    flags: int
    token: bytes
    probe_id: int
    t1_us: int
    t2_us: int
    t3_us: int

    @property
    def draining(self) -> bool:
        return bool(self.flags & 1)

    @property
    def full(self) -> bool:
        return bool(self.flags & 2)

    @property
    def asks_or_tells_address(self) -> bool:
        return bool(self.flags & 4)


def build_probe_token(probe_key: bytes, expires_at_s: int, serial: bytes) -> bytes:
    head = big(expires_at_s, 4) + serial
    return head + keyed_mac(probe_key, head)


def read_probe_token(probe_key: bytes, token: bytes, now_s: int) -> tuple[int, bytes]:
    """When a genuine, unexpired token ends, and its serial."""
    if len(token) != 28:
        raise Refused("wrong length for a probe token")
    if not hmac.compare_digest(keyed_mac(probe_key, token[:12]), token[12:]):
        raise Refused("the token is not genuine")
    expires_at_s = int.from_bytes(token[:4], "big")
    if now_s > expires_at_s:
        raise Refused("the token has expired")
    return expires_at_s, token[4:12]


def _read_probe(kind: int, datagram: bytes) -> Probe:
    outer = expect(datagram, kind)
    cut = Cut(datagram[9:])
    flags, token, probe_id = cut.number(1), cut.take(28), cut.number(2)
    return Probe(outer.cid, flags, token, probe_id, cut.number(8), cut.number(8), cut.number(8))


def read_lping(datagram: bytes) -> Probe:
    probe = _read_probe(LPING, datagram)
    if probe.flags not in {0, 4} or probe.t2_us or probe.t3_us:
        raise Refused("flags but for bit 2, t2 and t3 of a question are zero")
    return probe


def read_lpong(datagram: bytes) -> Probe:
    return _read_probe(LPONG, datagram)


def _mixed(token: bytes, content: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(token, content, strict=True))


def hide_seen(token: bytes, address: str, port: int) -> bytes:
    """What stands at the token's place in an answer that tells the asker's address."""
    given = ip_address(address)
    field = given.packed if given.version == 6 else bytes(10) + b"\xff\xff" + given.packed
    return _mixed(token, bytes(10) + big(port, 2) + field)


def read_seen(answer: Probe, token: bytes) -> tuple[str, int]:
    """Address and port that the answer tells, by the question's token."""
    if not answer.asks_or_tells_address:
        raise Refused("this answer tells no address")
    cut = Cut(_mixed(token, answer.token))
    if any(cut.take(10)):
        raise Refused("no zeroes before the address: another token, or no address")
    port = cut.number(2)
    if not port:
        raise Refused("port 0")
    field = cut.take(16)
    is_ipv4 = field.startswith(bytes(10) + b"\xff\xff")
    return str(IPv4Address(field[12:]) if is_ipv4 else IPv6Address(field)), port


def _build_probe(kind: int, probe: Probe) -> bytes:
    times = b"".join(big(time_us, 8) for time_us in (probe.t1_us, probe.t2_us, probe.t3_us))
    return first_byte(kind) + probe.random + bytes([probe.flags]) + probe.token + big(probe.probe_id, 2) + times


def build_lping(probe: Probe) -> bytes:
    return _build_probe(LPING, probe)


def build_lpong(probe: Probe) -> bytes:
    return _build_probe(LPONG, probe)
