"""The outer bytes of every datagram."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.constants import TYPE_HELLO
from plg.protocol.errors import DropReason, ProtocolMisuse
from plg.protocol.header import DATA_UP, Outer, expand_seq, outer_byte, pack_data_header, parse_outer, path_byte


def test_data_header_has_the_layout_of_the_specification() -> None:
    header = pack_data_header(DATA_UP, 0x0102030405060708, path_byte(5, 2), 0x1_AABBCCDD)
    assert header == bytes.fromhex("40 0102030405060708 b0 aabbccdd")


def test_outer_bytes_tell_type_session_and_flags() -> None:
    assert parse_outer(bytes([outer_byte(TYPE_HELLO)]) + bytes(7) + b"\x09") == Outer(TYPE_HELLO, 9, 0)


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", DropReason.MALFORMED),
        (b"\x40" + bytes(7), DropReason.MALFORMED),
        (bytes(9), DropReason.WRONG_VERSION),
        (b"\x80" + bytes(8), DropReason.WRONG_VERSION),
    ],
)
def test_what_is_no_version_1_datagram_is_dropped_with_its_reason(datagram: bytes, reason: DropReason) -> None:
    assert parse_outer(datagram) is reason


@pytest.mark.parametrize(("path", "copy"), [(8, 0), (0, 4), (-1, 0)])
def test_a_path_or_copy_that_does_not_fit_is_our_own_mistake(path: int, copy: int) -> None:
    with pytest.raises(ProtocolMisuse):
        path_byte(path, copy)


def test_expansion_agrees_with_the_example_of_rfc_9000_widened_to_32_bits() -> None:
    assert expand_seq(0x00009B32, 0xA82F30EA_00000000 + 0x0000_7000) == 0xA82F30EA_00009B32


@given(top=st.integers(min_value=-1, max_value=2**63), distance=st.integers(min_value=-(2**31) + 1, max_value=2**31))
def test_expansion_finds_every_number_within_half_the_range(top: int, distance: int) -> None:
    seq = top + 1 + distance
    if seq >= 0:
        assert expand_seq(seq & 0xFFFF_FFFF, top) == seq
