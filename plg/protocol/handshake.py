"""HELLO, WELCOME, COOKIE, NO_SESSION and the resume token: layouts only, no decisions (SPEC section 5)."""

import struct
from dataclasses import dataclass
from hashlib import blake2s
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plg.protocol.constants import (
    COOKIE_LENGTH,
    HANDSHAKE_NONCE_LENGTH,
    HELLO_FIXED_LENGTH,
    HELLO_LENGTH,
    MAC_LENGTH,
    MAX_PATHS,
    MAX_RESUME_TOKEN_LENGTH,
    MAX_TICKET_LENGTH,
    NO_SESSION_LENGTH,
    NONCE_LENGTH,
    TAG_LENGTH,
    TYPE_COOKIE,
    TYPE_HELLO,
    TYPE_NO_SESSION,
    TYPE_WELCOME,
    VERSION,
    WELCOME_MAX_LENGTH,
)
from plg.protocol.destination import Address
from plg.protocol.errors import DropReason, ProtocolMisuse, WelcomeStatus
from plg.protocol.header import outer_byte
from plg.protocol.keys import hello_mac_key, welcome_key
from plg.protocol.ticket import ROLE_EXIT, ROLE_TRANSIT

_HELLO: Final = struct.Struct(">BQBBBQ16sI16sHH")
_WELCOME_OUTER: Final = struct.Struct(">BQB12s")
_WELCOME_BODY: Final = struct.Struct(">B16sQ8sB16sHHHHBBH")
_COOKIE: Final = struct.Struct(">BQBI16s")
_NO_SESSION: Final = struct.Struct(">BQ")
_RESUME_HEAD: Final = struct.Struct(">QIB")
_RESUME_PORT: Final = struct.Struct(">HH")
_MAC_AT: Final = HELLO_LENGTH - MAC_LENGTH
MAX_RESUME_PORTS: Final = 16
WELCOME_PATH_AT: Final = 9
HELLO_ROLE_AT: Final = 11
WELCOME_MIN_LENGTH: Final = _WELCOME_OUTER.size + _WELCOME_BODY.size + TAG_LENGTH


@dataclass(frozen=True, slots=True)
class Cookie:
    """What a relay under load hands out; zeroes mean "none yet"."""

    time_s: int = 0
    mac: bytes = bytes(MAC_LENGTH)


@dataclass(frozen=True, slots=True)
class Hello:
    """One hand-shake request. `hello_ts_ms` is the client's idea of server time and must grow with every new attempt.

    `path` is the path on which it travels. `role` says what the relay is asked to be: ROLE_EXIT, or ROLE_TRANSIT for that path.
    """

    cid: int
    path: int
    hello_ts_ms: int
    client_nonce: bytes
    ticket: bytes
    resume_token: bytes = b""
    cookie: Cookie = Cookie()
    role: int = ROLE_EXIT


def build_hello(hello: Hello, secret: bytes) -> bytes:
    """Client side: 640 bytes, closed by a mac under a key that only holders of K know."""
    if len(hello.ticket) > MAX_TICKET_LENGTH or len(hello.resume_token) > MAX_RESUME_TOKEN_LENGTH:
        raise ProtocolMisuse("ticket or resume token too long for HELLO")
    if hello.role not in (ROLE_EXIT, ROLE_TRANSIT) or (
        hello.role == ROLE_TRANSIT and (not hello.path or hello.resume_token)
    ):
        raise ProtocolMisuse("HELLO: no such role, or path 0 or a resume token for a transit")
    head = _HELLO.pack(
        outer_byte(TYPE_HELLO),
        hello.cid,
        VERSION,
        hello.path,
        hello.role,
        hello.hello_ts_ms,
        hello.client_nonce,
        hello.cookie.time_s,
        hello.cookie.mac,
        len(hello.ticket),
        len(hello.resume_token),
    )
    unsigned = (head + hello.ticket + hello.resume_token).ljust(_MAC_AT, b"\0")
    return unsigned + _hello_mac(unsigned, secret)


def parse_hello(datagram: bytes) -> Hello | DropReason:
    """Relay side: lengths and fixed fields only; nothing is trusted until `hello_is_genuine`."""
    if len(datagram) != HELLO_LENGTH or datagram[0] != outer_byte(TYPE_HELLO):
        return DropReason.MALFORMED
    (_, cid, version, path, role, ts, nonce, cookie_time, cookie_mac, n_ticket, n_resume) = _HELLO.unpack_from(datagram)
    if version != VERSION:
        return DropReason.WRONG_VERSION
    if role > ROLE_TRANSIT or path >= MAX_PATHS or n_ticket > MAX_TICKET_LENGTH or n_resume > MAX_RESUME_TOKEN_LENGTH:
        return DropReason.MALFORMED
    if role == ROLE_TRANSIT and (path == 0 or n_resume):  # path 0 goes to the exit itself, and a transit has no ports
        return DropReason.MALFORMED
    ticket_end = HELLO_FIXED_LENGTH + n_ticket
    return Hello(
        cid=cid,
        path=path,
        hello_ts_ms=ts,
        client_nonce=nonce,
        ticket=datagram[HELLO_FIXED_LENGTH:ticket_end],
        resume_token=datagram[ticket_end : ticket_end + n_resume],
        cookie=Cookie(cookie_time, cookie_mac),
        role=role,
    )


def hello_is_genuine(datagram: bytes, secret: bytes) -> bool:
    """Whether the sender of this HELLO knows the ticket's K."""
    return compare_digest(datagram[_MAC_AT:], _hello_mac(datagram[:_MAC_AT], secret))


def _hello_mac(unsigned: bytes, secret: bytes) -> bytes:
    return blake2s(unsigned, key=hello_mac_key(secret), digest_size=MAC_LENGTH).digest()


@dataclass(frozen=True, slots=True)
class Welcome:
    """The relay's answer. Apart from OK only `status` and the times mean anything.

    `boot_id` (8 bytes) tells the client whether the relay still knows its flows; `observed` is the client's address as the
    relay sees it.
    """

    status: WelcomeStatus
    relay_nonce: bytes
    relay_time_ms: int
    boot_id: bytes
    observed_address: Address
    observed_port: int
    packets_per_second: int
    kbit_per_second_up: int
    kbit_per_second_down: int
    flows: int
    local_ports: int
    resume_token: bytes = b""


def seal_welcome(welcome: Welcome, cid: int, path: int, secret: bytes, client_nonce: bytes, nonce: bytes) -> bytes:
    """Relay side. `nonce` is 12 fresh random bytes: two relay processes may answer the same HELLO under the same key."""
    head = _WELCOME_OUTER.pack(outer_byte(TYPE_WELCOME), cid, path, nonce)
    body = _WELCOME_BODY.pack(
        welcome.status,
        welcome.relay_nonce,
        welcome.relay_time_ms,
        welcome.boot_id,
        welcome.observed_address.version,
        welcome.observed_address.packed.ljust(16, b"\0"),
        welcome.observed_port,
        welcome.packets_per_second,
        welcome.kbit_per_second_up,
        welcome.kbit_per_second_down,
        welcome.flows,
        welcome.local_ports,
        len(welcome.resume_token),
    )
    datagram = head + AESGCM(welcome_key(secret, client_nonce)).encrypt(nonce, body + welcome.resume_token, head)
    if len(datagram) > WELCOME_MAX_LENGTH:
        raise ProtocolMisuse("WELCOME longer than 512 bytes")
    return datagram


def open_welcome(datagram: bytes, secret: bytes, client_nonce: bytes) -> Welcome | DropReason:
    """Client side: authenticate under this attempt's key and decode."""
    if not WELCOME_MIN_LENGTH <= len(datagram) <= WELCOME_MAX_LENGTH:
        return DropReason.MALFORMED
    head = datagram[: _WELCOME_OUTER.size]
    try:
        body = AESGCM(welcome_key(secret, client_nonce)).decrypt(head[10:22], datagram[_WELCOME_OUTER.size :], head)
        (status, relay_nonce, time_ms, boot_id, version, packed, port, pps, up, down, flows, local_ports, n_resume) = (
            _WELCOME_BODY.unpack_from(body)
        )
        token = body[_WELCOME_BODY.size :]
        if len(token) != n_resume:
            return DropReason.MALFORMED
        address = ip_address(packed[:4]) if version == 4 else IPv6Address(packed)
        return Welcome(
            WelcomeStatus(status),
            relay_nonce,
            time_ms,
            boot_id,
            address,
            port,
            pps,
            up,
            down,
            flows,
            local_ports,
            token,
        )
    except InvalidTag:
        return DropReason.FORGED
    except ValueError:
        return DropReason.MALFORMED


def build_cookie(cid: int, cookie: Cookie) -> bytes:
    """Relay side: 30 bytes, an answer to a HELLO of 640."""
    return _COOKIE.pack(outer_byte(TYPE_COOKIE), cid, 0, cookie.time_s, cookie.mac)


def parse_cookie(datagram: bytes) -> Cookie | DropReason:
    """Client side. A forged cookie only makes the next HELLO fail; the attempt after it starts without one."""
    if len(datagram) != COOKIE_LENGTH or datagram[0] != outer_byte(TYPE_COOKIE):
        return DropReason.MALFORMED
    _, _, zero, time_s, mac = _COOKIE.unpack(datagram)
    return DropReason.MALFORMED if zero else Cookie(time_s, mac)


def cookie_mac(secret: bytes, source: tuple[str, int], client_nonce: bytes, time_s: int) -> bytes:
    """What makes a cookie valid only for the address that asked."""
    text = f"{source[0]}|{source[1]}|".encode()
    return blake2s(text + client_nonce + time_s.to_bytes(4, "big"), key=secret, digest_size=MAC_LENGTH).digest()


def build_no_session(cid: int) -> bytes:
    """Relay side: "I do not know this session", 9 bytes, a hint that proves nothing."""
    return _NO_SESSION.pack(outer_byte(TYPE_NO_SESSION), cid)


assert _NO_SESSION.size == NO_SESSION_LENGTH  # noqa: S101 - a wrong layout must not import
assert _COOKIE.size == COOKIE_LENGTH  # noqa: S101
assert _HELLO.size == HELLO_FIXED_LENGTH  # noqa: S101
assert HANDSHAKE_NONCE_LENGTH == 16  # noqa: S101


@dataclass(frozen=True, slots=True)
class ResumeState:
    """What a relay needs to give a returning client the same game-facing ports: client local port -> relay port."""

    cid: int
    issued_at_s: int
    ports: tuple[tuple[int, int], ...]


def seal_resume_token(state: ResumeState, key: bytes, relay_id: int, nonce: bytes) -> bytes:
    """Relay side, for itself: nonce 12, AES-256-GCM(cid 8, issued 4, count 1, {local port 2, relay port 2}), tag 16."""
    ports = state.ports[:MAX_RESUME_PORTS]
    body = _RESUME_HEAD.pack(state.cid, state.issued_at_s, len(ports)) + b"".join(
        _RESUME_PORT.pack(*pair) for pair in ports
    )
    return nonce + AESGCM(key).encrypt(nonce, body, b"PLG1 resume" + relay_id.to_bytes(4, "big"))


def open_resume_token(token: bytes, keys: tuple[bytes, ...], relay_id: int) -> ResumeState | None:
    """Relay side; None for anything that is not our own token. An empty token is simply absent."""
    if len(token) < NONCE_LENGTH + _RESUME_HEAD.size + 16:
        return None
    for key in keys:
        try:
            body = AESGCM(key).decrypt(token[:12], token[12:], b"PLG1 resume" + relay_id.to_bytes(4, "big"))
        except InvalidTag:
            continue
        cid, issued, count = _RESUME_HEAD.unpack_from(body)
        if len(body) != _RESUME_HEAD.size + count * _RESUME_PORT.size:
            return None
        return ResumeState(cid, issued, tuple(_RESUME_PORT.iter_unpack(body[_RESUME_HEAD.size :])))
    return None
