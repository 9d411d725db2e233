"""Mutated packets for what reads headers: the system may hand us anything that a host on the network sent."""

import struct

from plg.capture.ip_udp import (
    build_udp,
    complete_checksums,
    fragment_packet,
    packet_length,
    parse_udp,
    with_payload,
)
from plg.capture.linux_links import parse_link
from plg.capture.netlink import attribute, attributes, number
from support.mutation import Mutator, fuzz_inputs

V4 = build_udp(bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]), 1000, 2000, b"payload")
V6 = build_udp(bytes(15) + b"\1", bytes(15) + b"\2", 1000, 2000, b"payload")
V6_OPTIONS = (
    V6[:4]
    + (len(V6) - 40 + 16).to_bytes(2, "big")
    + b"\0\x40"
    + V6[8:40]
    + b"\x3c\0"
    + bytes(6)
    + b"\x11\0"
    + bytes(6)
    + V6[40:]
)
PACKETS = [
    V4,
    V6,
    V6_OPTIONS,
    *fragment_packet(build_udp(bytes(4), bytes(4), 1, 2, bytes(3000)), 1300, 7),
    *fragment_packet(build_udp(bytes(16), bytes(16), 1, 2, bytes(3000)), 1300, 7),
]


def test_fuzz_a_packet_is_read_within_its_bounds_or_not_at_all() -> None:
    read = 0
    for packet in Mutator(PACKETS, seed=1).inputs(fuzz_inputs(200_000)):
        offset = len(packet) % 3
        buffer = bytes(offset) + packet
        length = packet_length(buffer, offset, len(packet))
        assert 0 <= length <= len(packet)
        parsed = parse_udp(buffer, offset, len(packet))
        if parsed is None:
            continue
        read += 1
        assert offset < parsed.udp_offset <= parsed.payload_offset <= parsed.end <= len(buffer)
        assert len(parsed.source) == len(parsed.destination)
    assert read


def test_fuzz_what_is_built_from_an_odd_packet_reads_as_a_whole_one() -> None:
    for packet in Mutator(PACKETS, seed=2).inputs(fuzz_inputs(60_000)):
        parsed = parse_udp(packet, 0, len(packet))
        for piece in fragment_packet(packet, 1280, 9):
            assert len(piece) <= max(1280, len(packet))
        if parsed is None or parsed.fragment:
            continue
        complete_checksums(bytearray(packet), parsed)
        again = with_payload(packet, 0, parsed, b"another payload", id_step=3)
        reread = parse_udp(again, 0, len(again))
        assert reread is not None
        assert bytes(again[reread.payload_offset : reread.end]) == b"another payload"


def test_fuzz_odd_netlink_attributes_never_raise() -> None:
    whole = attribute(3, b"eth0\0") + attribute(4, struct.pack("=I", 1500)) + attribute(18, attribute(1, b"clsact\0"))
    for body in Mutator([struct.pack("=BxHiII", 0, 1, 2, 3, 4) + whole, whole], seed=3, longest=512).inputs(
        fuzz_inputs(100_000)
    ):
        for value in attributes(body).values():
            number(value)
        parse_link(16, body)
