"""Control frames."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.frames import (
    Close,
    Drain,
    Egress,
    FlowClose,
    FlowDeny,
    FlowOk,
    FlowOpen,
    Fragment,
    Frame,
    OverCap,
    PathChallenge,
    PathChoice,
    PathResponse,
    Payload,
    Ping,
    Pong,
    Repeat,
    Stats,
    TicketAccepted,
    TicketRenewal,
    encode_frame,
    read_frames,
)

EXAMPLES: list[Frame] = [
    Ping(1, 2, 3),
    Pong(1, 2, 3, 4, 5, 6, 7, 8),
    FlowOpen(9, 50000, 0, ip_address("198.20.0.7"), 27015, b"first"),
    FlowOpen(9, 50000, 1, ip_address("2600::7"), 27015, b""),
    FlowOk(9, b"token"),
    FlowDeny(9, 3),
    FlowClose(9),
    PathChallenge(b"12345678"),
    PathResponse(b"12345678"),
    Stats(0, 1, 2, 3, 4, 5, 6, 7),
    Drain(30),
    Egress(2),
    Close(1),
    TicketRenewal(b"ticket"),
    TicketAccepted(1_800_000_000),
    Fragment(5, 1, 9, b"half"),
    OverCap(7, 8),
    Repeat(3, 9, b"old"),
    Payload(9, b"new"),
    PathChoice(7, True, 2, 150),
]


@pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: type(frame).__name__)
def test_every_frame_reads_back(frame: Frame) -> None:
    assert list(read_frames(encode_frame(frame))) == [frame]


def test_several_frames_keep_their_order() -> None:
    for some in (EXAMPLES[:8], EXAMPLES[8:]):
        assert list(read_frames(b"".join(map(encode_frame, some)))) == some


def test_an_opcode_from_the_future_is_skipped() -> None:
    assert list(read_frames(b"\xc8\0\3abc" + encode_frame(Close(1)))) == [Close(1)]


@pytest.mark.parametrize("frame", EXAMPLES, ids=lambda frame: type(frame).__name__)
def test_a_frame_cut_short_ends_the_reading(frame: Frame) -> None:
    assert list(read_frames(encode_frame(Close(1)) + encode_frame(frame)[:-1])) == [Close(1), None]


@given(st.binary(max_size=300))
def test_junk_never_raises(junk: bytes) -> None:
    frames = list(read_frames(junk))
    assert None not in frames[:-1]


def test_the_longest_drain_is_what_fits() -> None:
    assert list(read_frames(encode_frame(Drain(10**6)))) == [Drain(65535)]


def test_more_than_sixteen_frames_in_one_body_are_not_read() -> None:
    assert list(read_frames(encode_frame(Close(1)) * 17)) == [*[Close(1)] * 16, None]
