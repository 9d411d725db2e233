"""The outer bytes of every datagram: T, CID, and for DATA also P and SEQ (SPEC section 2)."""

import struct
from typing import Final, NamedTuple

from plg.protocol.constants import (
    DOWN_BIT,
    HEADER_LENGTH,
    MAX_COPIES,
    MAX_PATHS,
    SEQ_BITS,
    TYPE_DATA,
    TYPE_MASK,
    TYPE_SHIFT,
    VERSION_BITS,
    VERSION_MASK,
)
from plg.protocol.errors import DropReason, ProtocolMisuse

DATA_HEADER: Final = struct.Struct(">BQBI")
"""T, CID, P, SEQ: the first 14 bytes of DATA. The packet path unpacks it directly."""

P_ZERO_BITS: Final = 0b111
_SEQ_RANGE: Final = 1 << SEQ_BITS
_SEQ_HALF: Final = _SEQ_RANGE >> 1


class Outer(NamedTuple):
    """Type (0-6), session id and flag bits of a datagram's first nine bytes."""

    kind: int
    cid: int
    flags: int


def outer_byte(kind: int, flags: int = 0) -> int:
    """T for a datagram of type `kind`."""
    return VERSION_BITS | kind << TYPE_SHIFT | flags


DATA_UP: Final = outer_byte(TYPE_DATA)
DATA_DOWN: Final = outer_byte(TYPE_DATA, DOWN_BIT)


def parse_outer(datagram: bytes) -> Outer | DropReason:
    """Read T and CID; the drop reason where they cannot be a version 1 datagram."""
    if len(datagram) < 9:
        return DropReason.MALFORMED
    t = datagram[0]
    if t & VERSION_MASK != VERSION_BITS:
        return DropReason.WRONG_VERSION
    return Outer((t & TYPE_MASK) >> TYPE_SHIFT, int.from_bytes(datagram[1:9], "big"), t & 0b111)


def path_byte(path: int, copy: int) -> int:
    """P: path id in bits 7-5, copy number in bits 4-3, zeroes below."""
    if not (0 <= path < MAX_PATHS and 0 <= copy < MAX_COPIES):
        raise ProtocolMisuse(f"path {path} or copy {copy} out of range")
    return path << 5 | copy << 3


def pack_data_header(t: int, cid: int, p: int, seq: int) -> bytes:
    """The 14 header bytes; only the low 32 bits of `seq` travel."""
    return DATA_HEADER.pack(t, cid, p, seq & (_SEQ_RANGE - 1))


def expand_seq(seq32: int, top: int) -> int:
    """The 64-bit sequence number nearest to `top` + 1 whose low 32 bits are `seq32` (RFC 9000, appendix A.3).

    May be negative for a number before the first one: the caller drops it as stale.
    """
    seq = (top & ~(_SEQ_RANGE - 1)) | seq32
    gap = seq - (top + 1)
    if gap > _SEQ_HALF:
        return seq - _SEQ_RANGE
    if gap <= -_SEQ_HALF:
        return seq + _SEQ_RANGE
    return seq


assert DATA_HEADER.size == HEADER_LENGTH  # noqa: S101 - a wrong layout must not import
