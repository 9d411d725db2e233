"""Asking the kernel, and reading answers that it would never give."""

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.capture.linux_links import list_links
from plg.capture.netlink import Netlink, attribute, attribute_u32, attributes, number
from support.requirements import require_linux


@given(st.dictionaries(st.integers(0, 0x3FFF), st.binary(max_size=40), max_size=10))
def test_attributes_read_back_as_they_were_written(wanted: dict[int, bytes]) -> None:
    body = b"".join(attribute(kind, value) for kind, value in wanted.items())
    assert len(body) % 4 == 0
    assert attributes(body) == wanted
    assert attributes(b"skip" + body, 4) == wanted


@given(st.binary(max_size=100))
def test_malformed_attributes_end_the_reading(body: bytes) -> None:
    for value in attributes(body).values():
        assert value in body


def test_numbers_are_in_the_machines_order_and_missing_ones_are_zero() -> None:
    assert number(attributes(attribute_u32(7, 77))[7]) == 77
    assert number(None) == number(b"\1\2") == 0


def test_the_kernel_answers_a_dump_and_names_an_error() -> None:
    require_linux()
    with Netlink() as netlink:
        assert any(link.is_loopback for link in list_links(netlink))
        missing_link = struct.pack("=BxHiII", 0, 0, 0x7FFFFFFF, 0, 0)
        with pytest.raises(OSError, match="No such device") as error:
            netlink.get(18, missing_link)
        assert error.value.errno == errno.ENODEV
        # The socket is good for the next question.
        assert list_links(netlink)
