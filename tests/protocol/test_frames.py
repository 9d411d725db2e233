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
    encode_repeat,
    read_frames,
    read_repeat,
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


@given(
    delta=st.integers(1, 255),
    flows=st.tuples(st.integers(1, 255), st.integers(1, 255)),
    payloads=st.tuples(st.binary(max_size=300), st.binary(max_size=300)),
)
def test_a_payload_with_the_one_before_it_is_written_as_the_two_frames_are(
    delta: int, flows: tuple[int, int], payloads: tuple[bytes, bytes]
) -> None:
    body = encode_repeat(delta, flows[0], payloads[0], flows[1], payloads[1])
    assert body == encode_frame(Repeat(delta, flows[0], payloads[0])) + encode_frame(Payload(flows[1], payloads[1]))
    assert read_repeat(body) == (delta, flows[0], payloads[0], flows[1], payloads[1])


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\x11" + rest))
def test_what_reads_as_the_pair_reads_as_its_two_frames(body: bytes) -> None:
    pair = read_repeat(body)
    if pair is not None:
        delta, old_flow, old, flow, payload = pair
        assert list(read_frames(body)) == [Repeat(delta, old_flow, old), Payload(flow, payload)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        encode_frame(Repeat(3, 9, b"old")),
        encode_frame(Payload(9, b"new")),
        encode_frame(Repeat(3, 9, b"old")) + encode_frame(Payload(9, b"new")) + encode_frame(Drain(1)),
        encode_frame(Repeat(3, 9, b"old")) + encode_frame(Payload(9, b"new"))[:-1],
        encode_frame(Repeat(3, 9, b"old")) + encode_frame(Drain(1)),
        encode_repeat(0, 9, b"old", 9, b"new"),
        encode_repeat(3, 0, b"old", 9, b"new"),
        encode_repeat(3, 9, b"old", 0, b"new"),
        b"\x11\x00\x01\x03" + encode_frame(Payload(9, b"new")),
    ],
)
def test_anything_else_is_not_taken_for_the_pair(body: bytes) -> None:
    assert read_repeat(body) is None
