"""A second reader of the wire format, written from the specification alone: outer bytes, keys, DATA, sequence numbers, mask.

It shares no code with the protocol package on purpose. Where both agree on a vector, the specification has said enough.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

DATA: Final = 0
HELLO: Final = 1
WELCOME: Final = 2
COOKIE: Final = 3
NO_SESSION: Final = 4
LPING: Final = 5
LPONG: Final = 6

# Section 2: shortest and longest datagram of each type; the text gives DATA no upper bound and WELCOME no lower one.
UDP_MAX: Final = 65_535
WELCOME_MIN: Final = 100
LENGTHS: Final = {
    DATA: (31, UDP_MAX),
    HELLO: (640, 640),
    WELCOME: (WELCOME_MIN, 512),
    COOKIE: (30, 30),
    NO_SESSION: (9, 9),
    LPING: (64, 64),
    LPONG: (64, 64),
}

TAG: Final = 16
WINDOW: Final = 2048


class Refused(ValueError):
    """The bytes are not what the specification allows."""


class Cut:
    """Takes bytes from the front, in order, and refuses to read past the end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._content):
            raise Refused("cut short")
        piece = self._content[self._at : end]
        self._at = end
        return piece

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "big")

    def rest(self) -> bytes:
        return self.take(len(self._content) - self._at)

    def left(self) -> int:
        return len(self._content) - self._at

    def end(self) -> None:
        if self.left():
            raise Refused("something follows the end")


def big(number: int, length: int) -> bytes:
    return number.to_bytes(length, "big")


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256; an empty salt is 32 zero bytes."""
    prk = hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()
    block, output, counter = b"", b"", 0
    while len(output) < length:
        counter += 1
        block = hmac.new(prk, block + info + bytes([counter]), hashlib.sha256).digest()
        output += block
    return output[:length]


def keyed_mac(key: bytes, content: bytes) -> bytes:
    return hashlib.blake2s(content, digest_size=16, key=key).digest()


def open_aes(key: bytes, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
    if len(sealed) < TAG:
        raise Refused("no room for a tag")
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise Refused("not authentic") from None


def seal_aes(key: bytes, nonce: bytes, body: bytes, associated: bytes) -> bytes:
    return AESGCM(key).encrypt(nonce, body, associated)


# Section 3: keys.


@dataclass(frozen=True, slots=True)
class DirectionKey:
    key: bytes
    iv: bytes

    def next_phase(self) -> "DirectionKey":
        block = hkdf(self.key, b"", b"plg1 rekey", 44)
        return DirectionKey(block[:32], block[32:])


def hello_mac_key(secret: bytes) -> bytes:
    return hkdf(secret, b"", b"plg1 hello", 32)


def welcome_key(secret: bytes, client_nonce: bytes) -> bytes:
    return hkdf(secret, client_nonce, b"plg1 welcome", 32)


def session_keys(
    secret: bytes, client_nonce: bytes, relay_nonce: bytes, relay_id: int
) -> tuple[DirectionKey, DirectionKey]:
    """The key of the way up and the key of the way down."""
    block = Cut(hkdf(secret, client_nonce + relay_nonce, b"plg1 session" + big(relay_id, 4), 88))
    up_key, down_key, up_iv, down_iv = block.take(32), block.take(32), block.take(12), block.take(12)
    return DirectionKey(up_key, up_iv), DirectionKey(down_key, down_iv)


def probe_key(ticket_key: bytes) -> bytes:
    return hkdf(ticket_key, b"", b"plg1 probe", 32)


def mask_key(control_key: str) -> bytes:
    return hkdf(control_key.encode("ascii"), b"", b"plg1 mask", 32)


def resume_key(ticket_key: bytes) -> bytes:
    return hkdf(ticket_key, b"", b"plg1 resume", 32)


# Section 2: outer bytes and sequence numbers.


@dataclass(frozen=True, slots=True)
class Outer:
    kind: int
    phase: int
    down: bool
    cid: bytes


def first_byte(kind: int, *, phase: int = 0, down: bool = False) -> bytes:
    return bytes([0b01 << 6 | kind << 3 | phase << 2 | int(down) << 1])


def read_outer(datagram: bytes) -> Outer:
    cut = Cut(datagram)
    first, cid = cut.number(1), cut.take(8)
    kind = first >> 3 & 7
    if first >> 6 != 0b01:
        raise Refused("another version")
    if kind not in LENGTHS:
        raise Refused("no such type")
    shortest, longest = LENGTHS[kind]
    if not shortest <= len(datagram) <= longest:
        raise Refused("wrong length for the type")
    if first & 1:
        raise Refused("RED is reserved")
    if kind != DATA and first & 7:
        raise Refused("a low bit is set outside DATA")
    return Outer(kind, first >> 2 & 1, bool(first & 2), cid)


def expect(datagram: bytes, kind: int) -> Outer:
    outer = read_outer(datagram)
    if outer.kind != kind:
        raise Refused("another type")
    return outer


def expand_sequence(highest: int, seq32: int) -> int:
    """The number with these low 32 bits that is nearest to highest + 1; it may be negative, which the caller drops."""
    expected = highest + 1
    whole, half = 1 << 32, 1 << 31
    candidate = expected - expected % whole + seq32
    if candidate <= expected - half:
        return candidate + whole
    if candidate > expected + half:
        return candidate - whole
    return candidate


# Section 2, DATA.


@dataclass(frozen=True, slots=True)
class Data:
    cid: bytes
    down: bool
    phase: int
    path: int
    copy: int
    seq: int
    flow: int
    payload: bytes


def _aead(suite: int, key: bytes) -> AESGCM | ChaCha20Poly1305:
    if suite == 1:
        return AESGCM(key)
    if suite == 2:
        return ChaCha20Poly1305(key)
    raise Refused("no such suite")


def _data_nonce(place: int, seq: int, iv: bytes) -> bytes:
    plain = bytes([place, 0, 0, 0]) + big(seq, 8)
    return bytes(left ^ right for left, right in zip(plain, iv, strict=True))


def read_data(datagram: bytes, keys: DirectionKey, suite: int, *, down: bool, highest: int = -1) -> Data:
    """Open one DATA datagram of a direction, `highest` being the highest number accepted so far."""
    outer = expect(datagram, DATA)
    if outer.down is not down:
        raise Refused("the other direction")
    place = datagram[9]
    if place & 7:
        raise Refused("P has a low bit")
    seq = expand_sequence(highest, int.from_bytes(datagram[10:14], "big"))
    if seq < 0 or seq <= highest - WINDOW or seq >= 1 << 64:
        raise Refused("the number is outside the window")
    try:
        body = _aead(suite, keys.key).decrypt(_data_nonce(place, seq, keys.iv), datagram[14:], datagram[:14])
    except InvalidTag:
        raise Refused("not authentic") from None
    return Data(outer.cid, down, outer.phase, place >> 5, place >> 3 & 3, seq, body[0], body[1:])


def build_data(data: Data, keys: DirectionKey, suite: int) -> bytes:
    place = data.path << 5 | data.copy << 3
    head = first_byte(DATA, phase=data.phase, down=data.down) + data.cid + bytes([place]) + big(data.seq, 8)[4:]
    body = bytes([data.flow]) + data.payload
    return head + _aead(suite, keys.key).encrypt(_data_nonce(place, data.seq, keys.iv), body, head)


# Section 9.


def toggle_mask(key: bytes, datagram: bytes) -> bytes:
    """Put the mask on, or take it off: both are the same."""
    if len(datagram) < 30:
        raise Refused("too short for a mask")
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    mask = encryptor.update(datagram[14:30]) + encryptor.finalize()
    return bytes(left ^ right for left, right in zip(datagram[:14], mask[:14], strict=True)) + datagram[14:]
