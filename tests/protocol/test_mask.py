"""The header mask."""

import pytest

from plg.protocol.handshake import Cookie, build_cookie, build_no_session
from plg.protocol.header import DATA_UP
from plg.protocol.keys import mask_key, session_keys
from plg.protocol.mask import HeaderMask
from plg.protocol.packet_crypto import PacketSealer

KEY = mask_key("control key")


def test_the_receiver_undoes_what_the_sender_did() -> None:
    datagram = PacketSealer(session_keys(bytes(32), bytes(16), bytes(16), 1).up, 1, 5, DATA_UP, 0.0).seal(b"\1payload")
    masked = HeaderMask(KEY).apply(datagram)
    assert masked is not None
    assert masked[:14] != datagram[:14]
    assert masked[14:] == datagram[14:]
    assert HeaderMask(KEY).apply(masked) == datagram


def test_no_byte_of_the_header_stays_constant_over_packets() -> None:
    sealer = PacketSealer(session_keys(bytes(32), bytes(16), bytes(16), 1).up, 1, 5, DATA_UP, 0.0)
    masked = [HeaderMask(KEY).apply(sealer.seal(b"\1payload")) for _ in range(64)]
    for offset in range(14):
        assert len({datagram[offset] for datagram in masked if datagram is not None}) > 16


@pytest.mark.parametrize(
    ("datagram", "fits"), [(build_cookie(1, Cookie(1, bytes(16))), True), (build_no_session(1), False)]
)
def test_only_a_datagram_with_a_sample_can_be_masked(datagram: bytes, fits: bool) -> None:
    assert (HeaderMask(KEY).apply(datagram) is not None) is fits
