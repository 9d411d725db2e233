"""IPv4, IPv6 and UDP headers, from our own packets and from hostile bytes."""

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.capture.ip_udp import (
    MAX_UDP_PAYLOAD_V4,
    build_udp,
    complete_checksums,
    fragment_packet,
    ones_complement_sum,
    packet_length,
    parse_udp,
    udp_checksum,
    with_payload,
)

V4 = (socket.inet_aton("10.0.0.1"), socket.inet_aton("192.0.2.7"))
V6 = (socket.inet_pton(socket.AF_INET6, "fd77::1"), socket.inet_pton(socket.AF_INET6, "2001:db8::7"))
FAMILIES = pytest.mark.parametrize("addresses", [V4, V6], ids=["ipv4", "ipv6"])


def plain_sum(data: bytes) -> int:
    """RFC 1071 as it is written there."""
    total = 0
    for index in range(0, len(data) - 1, 2):
        total += (data[index] << 8) | data[index + 1]
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@given(st.binary(max_size=200))
def test_the_fast_sum_is_the_sum_of_the_rfc(data: bytes) -> None:
    assert ones_complement_sum(data) == plain_sum(data)


@FAMILIES
@given(payload=st.binary(max_size=1500), ports=st.tuples(st.integers(0, 65535), st.integers(0, 65535)))
def test_what_is_built_reads_back_and_its_checksums_add_up(
    addresses: tuple[bytes, bytes], payload: bytes, ports: tuple[int, int]
) -> None:
    packet = build_udp(*addresses, *ports, payload)
    parsed = parse_udp(packet, 0, len(packet))
    assert parsed is not None
    assert (parsed.source, parsed.destination) == addresses
    assert (parsed.source_port, parsed.destination_port) == ports
    assert packet[parsed.payload_offset : parsed.end] == payload
    assert not parsed.fragment
    udp = packet[parsed.udp_offset :]
    pseudo = b"".join(addresses) + struct.pack("!HH", 17, len(udp))
    assert plain_sum(pseudo + udp) == 0xFFFF
    if len(addresses[0]) == 4:
        assert plain_sum(packet[:20]) == 0xFFFF


def test_a_known_packet_has_the_bytes_that_linux_sends() -> None:
    packet = build_udp(*V4, 4660, 22136, b"hello")
    assert packet.hex() == (
        "4500002100004000" + "4011" + f"{~plain_sum(packet[:10] + bytes(2) + packet[12:20]) & 0xFFFF:04x}"
        "0a000001c0000207" + "12345678000d" + f"{udp_checksum(*V4, packet[20:26] + bytes(2) + b'hello'):04x}"
        "68656c6c6f"
    )


def test_a_checksum_is_never_zero() -> None:
    # Zero would say "no checksum", which IPv6 forbids: find the payload whose sum is zero and see 0xffff instead.
    header = struct.pack("!HHHH", 1, 2, 10, 0)
    missing = ~plain_sum(b"".join(V6) + struct.pack("!HH", 17, 10) + header) & 0xFFFF
    assert udp_checksum(*V6, header + missing.to_bytes(2, "big")) == 0xFFFF


@pytest.mark.parametrize(
    ("source", "destination", "size"), [(V4[0], V6[1], 1), (b"", b"", 1), (V4[0], V4[1], MAX_UDP_PAYLOAD_V4 + 1)]
)
def test_impossible_packets_are_refused(source: bytes, destination: bytes, size: int) -> None:
    with pytest.raises(ValueError, match="no UDP packet"):
        build_udp(source, destination, 1, 2, bytes(size))


@given(st.binary(max_size=120))
def test_hostile_bytes_read_as_nothing_or_lie_inside_the_buffer(data: bytes) -> None:
    parsed = parse_udp(data, 0, len(data))
    assert 0 <= packet_length(data, 0, len(data)) <= len(data)
    if parsed is not None:
        assert 0 < parsed.udp_offset <= parsed.payload_offset <= parsed.end <= len(data)


@FAMILIES
@given(data=st.data())
def test_a_damaged_packet_never_raises(addresses: tuple[bytes, bytes], data: st.DataObject) -> None:
    packet = bytearray(build_udp(*addresses, 1, 2, b"payload"))
    for _ in range(data.draw(st.integers(1, 4))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packet)))
    parsed = parse_udp(packet, 0, cut)
    assert parsed is None or parsed.end <= cut


@FAMILIES
def test_a_packet_is_found_behind_others_in_one_buffer(addresses: tuple[bytes, bytes]) -> None:
    first, second = build_udp(*addresses, 1, 2, b"one"), build_udp(*addresses, 3, 4, b"two")
    both = memoryview(first + second)
    offset = packet_length(both, 0, len(both))
    parsed = parse_udp(both, offset, len(both) - offset)
    assert parsed is not None
    assert (parsed.source_port, bytes(both[parsed.payload_offset : parsed.end])) == (3, b"two")


def test_ipv6_extension_headers_are_walked_and_a_chain_without_end_is_not() -> None:
    packet = build_udp(*V6, 5, 6, b"x")
    hop = bytes([17, 0]) + bytes(6)
    longer = packet[:4] + struct.pack("!H", len(packet) - 40 + 8) + b"\0" + packet[7:40] + hop + packet[40:]
    parsed = parse_udp(longer, 0, len(longer))
    assert parsed is not None
    assert (parsed.source_port, longer[parsed.payload_offset :]) == (5, b"x")
    endless = packet[:4] + struct.pack("!H", 20 * 8) + b"\0" + packet[7:40] + (b"\0" * 8) * 20
    assert parse_udp(endless, 0, len(endless)) is None


@FAMILIES
def test_fragments_are_recognised_and_carry_the_whole_datagram(addresses: tuple[bytes, bytes]) -> None:
    packet = build_udp(*addresses, 7, 8, bytes(range(256)) * 12)
    pieces = fragment_packet(packet, 1280, 77)
    assert len(pieces) == 3
    assert all(len(piece) <= 1280 for piece in pieces)
    body = b""
    for number, piece in enumerate(pieces):
        parsed = parse_udp(piece, 0, len(piece))
        assert parsed is not None
        assert parsed.fragment
        assert parsed.destination == addresses[1]
        assert parsed.source_port == (7 if number == 0 else 0)
        body += piece[parsed.udp_offset :]
        if len(addresses[0]) == 4:
            assert plain_sum(piece[:20]) == 0xFFFF
    assert body == packet[20 if len(addresses[0]) == 4 else 40 :]


@FAMILIES
def test_a_packet_that_fits_stays_whole(addresses: tuple[bytes, bytes]) -> None:
    packet = build_udp(*addresses, 7, 8, b"small")
    assert fragment_packet(packet, 1280, 1) == [packet]


@FAMILIES
def test_an_unfinished_checksum_is_completed(addresses: tuple[bytes, bytes]) -> None:
    packet = build_udp(*addresses, 7, 8, b"payload")
    parsed = parse_udp(packet, 0, len(packet))
    assert parsed is not None
    unfinished = bytearray(packet)
    unfinished[parsed.udp_offset + 6 : parsed.udp_offset + 8] = b"\x12\x34"
    complete_checksums(unfinished, parsed)
    assert bytes(unfinished) == packet


@FAMILIES
def test_a_segment_keeps_the_header_and_gets_its_own_lengths(addresses: tuple[bytes, bytes]) -> None:
    whole = b"junk" + build_udp(*addresses, 7, 8, b"a" * 30)
    parsed = parse_udp(whole, 4, len(whole) - 4)
    assert parsed is not None
    segment = bytes(with_payload(whole, 4, parsed, b"b" * 10))
    assert segment == build_udp(*addresses, 7, 8, b"b" * 10)
