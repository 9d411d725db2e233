"""LPING and LPONG: measuring a relay before there is a session (SPEC section 8).

Only who holds a token of the server is answered, and the answer has the length of the question: relays are no reflectors.
The token is not bound to the asker's address, because the server may see the client under another one than the relay does
(IPv6 and IPv4, several providers); it expires, and relays limit the rate per source.

A question may ask besides under which address and port the relay sees the asker; the answer then has them, XORed into the token.
"""

import struct
from dataclasses import dataclass
from hashlib import blake2s
from hmac import compare_digest
from typing import Final

from plg.protocol.constants import MAC_LENGTH, PROBE_LENGTH, PROBE_TOKEN_LENGTH, TYPE_LPING, TYPE_LPONG
from plg.protocol.destination import Address, pack_address, unpack_address
from plg.protocol.errors import DropReason, ProtocolMisuse
from plg.protocol.header import outer_byte

_PROBE: Final = struct.Struct(">BQB28sHQQQ")
_TOKEN: Final = struct.Struct(">I8s16s")
FLAG_DRAINING: Final = 1
FLAG_FULL: Final = 2
FLAG_ADDRESS: Final = 4
"""In LPING: tell me my address. In LPONG: here it is, in the token's place."""

_SEEN: Final = struct.Struct(">10sH16s")
"""What is XORed into the token: zeroes, port, address."""
_NO_BYTES: Final = bytes(10)


def make_probe_token(key: bytes, expires_at_s: int, serial: bytes) -> bytes:
    """Server side: 28 bytes, expiry 4, serial 8, BLAKE2s-128 keyed with `probe_key(ticket_key)`."""
    if len(serial) != 8:
        raise ProtocolMisuse("probe token serial must have 8 bytes")
    return _TOKEN.pack(expires_at_s, serial, _token_mac(key, expires_at_s, serial))


def _token_mac(key: bytes, expires_at_s: int, serial: bytes) -> bytes:
    return blake2s(struct.pack(">I8s", expires_at_s, serial), key=key, digest_size=MAC_LENGTH).digest()


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a datagram came from, as the relay saw it."""

    address: Address
    port: int


@dataclass(frozen=True, slots=True)
class ProbeReply:
    """LPONG as the client reads it: `t1` is its own stamp, `t2` and `t3` are the relay's at arrival and departure, us."""

    nonce: int
    probe_id: int
    t1_us: int
    t2_us: int
    t3_us: int
    draining: bool
    full: bool
    seen: Seen | None = None


def build_probe(nonce: int, token: bytes, probe_id: int, t1_us: int, *, ask_address: bool = False) -> bytes:
    """Client side: one LPING of 64 bytes. `nonce` is random, 64 bits, and ties the answer to the question.

    With `ask_address` relays from before this question stay silent.
    """
    if len(token) != PROBE_TOKEN_LENGTH:
        raise ProtocolMisuse("probe token must have 28 bytes")
    flags = FLAG_ADDRESS if ask_address else 0
    return _PROBE.pack(outer_byte(TYPE_LPING), nonce, flags, token, probe_id & 0xFFFF, t1_us, 0, 0)


def answer_probe(
    datagram: bytes,
    probe_keys: tuple[bytes, ...],
    unix_s: float,
    arrived_us: int,
    departs_us: int,
    flags: int = 0,
    seen: Seen | None = None,
) -> bytes | DropReason:
    """Relay side: the LPONG for a valid LPING, else the drop reason. `seen` is told only to who asks for it."""
    if len(datagram) != PROBE_LENGTH or datagram[0] != outer_byte(TYPE_LPING):
        return DropReason.MALFORMED
    _, nonce, asked, token, probe_id, t1_us, no_t2, no_t3 = _PROBE.unpack(datagram)
    if asked & ~FLAG_ADDRESS or no_t2 or no_t3:
        return DropReason.MALFORMED
    expires_at_s, serial, mac = _TOKEN.unpack(token)
    if unix_s > expires_at_s:
        return DropReason.PROBE_EXPIRED
    if not any(compare_digest(mac, _token_mac(key, expires_at_s, serial)) for key in probe_keys):
        return DropReason.PROBE_FORGED
    if asked and seen is not None:
        flags |= FLAG_ADDRESS
        token = _xor(token, _SEEN.pack(_NO_BYTES, seen.port, pack_address(seen.address)))
    return _PROBE.pack(outer_byte(TYPE_LPONG), nonce, flags, token, probe_id, t1_us, arrived_us, departs_us)


def read_probe_reply(datagram: bytes, token: bytes | None = None) -> ProbeReply | DropReason:
    """Client side: decode LPONG. The caller checks that nonce and probe id are ones it sent.

    `token` is that of the question: without it an address in the answer stays unread.
    """
    if len(datagram) != PROBE_LENGTH or datagram[0] != outer_byte(TYPE_LPONG):
        return DropReason.WRONG_TYPE
    _, nonce, flags, hidden, probe_id, t1_us, t2_us, t3_us = _PROBE.unpack(datagram)
    seen = None
    if token is not None and flags & FLAG_ADDRESS:
        seen = _read_seen(_xor(hidden, token))
        if seen is None:
            return DropReason.MALFORMED
    draining, full = bool(flags & FLAG_DRAINING), bool(flags & FLAG_FULL)
    return ProbeReply(nonce, probe_id, t1_us, t2_us, t3_us, draining, full, seen)


def _read_seen(plain: bytes) -> Seen | None:
    no_bytes, port, packed = _SEEN.unpack(plain)
    return Seen(unpack_address(packed), port) if no_bytes == _NO_BYTES and port else None


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(PROBE_TOKEN_LENGTH, "big")
