"""IPv4, IPv6 and UDP headers: reading what the system shows us, and building what we give back.

Sources: RFC 791 (IPv4), RFC 8200 (IPv6), RFC 768 (UDP), RFC 1071 (checksum). Bytes in, bytes out: nothing here opens a
socket, and hostile bytes never raise: a packet that is not a whole UDP packet reads as None.
"""

import struct
from typing import NamedTuple

UDP_PROTOCOL = 17
UDP_HEADER_BYTES = 8
IPV4_HEADER_BYTES = 20
IPV6_HEADER_BYTES = 40
FRAGMENT_HEADER_BYTES = 8

MAX_UDP_PAYLOAD_V4 = 65535 - IPV4_HEADER_BYTES - UDP_HEADER_BYTES
"""Bytes; IPv4's length field counts its own header (RFC 791)."""
MAX_UDP_PAYLOAD_V6 = 65535 - UDP_HEADER_BYTES
"""Bytes; UDP's own length field is the limit (RFC 768)."""

HOP_LIMIT = 64
"""For packets that we build; they only travel inside this machine."""

FRAGMENT_MTU = 1280
"""Bytes. The least MTU that every IPv6 link has (RFC 8200 section 5), so a fragment of this size always gets through."""

DONT_FRAGMENT = 0x4000
MORE_FRAGMENTS = 0x2000
FRAGMENT_OFFSET = 0x1FFF

HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION_OPTIONS = 0, 43, 44, 60
MAX_EXTENSION_HEADERS = 8
"""More than any real packet carries; it bounds the walk through a hostile one."""

_V4_FIXED = struct.Struct("!BxHxxHxBxx4s4s")
_PORTS = struct.Struct("!HHH")
_V4_BUILD = struct.Struct("!BBHHHBBH4s4s")
_UDP_BUILD = struct.Struct("!HHHH")
_V6_BUILD = struct.Struct("!IHBB16s16s")


class UdpPacket(NamedTuple):
    """Where things are in a captured packet. Offsets count from the start of the buffer that was parsed.

    `fragment` is true for every piece of a fragmented datagram; a later piece has no ports, they read 0.
    """

    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    udp_offset: int
    payload_offset: int
    end: int
    fragment: bool


Buffer = bytes | bytearray | memoryview


def packet_length(buffer: Buffer, offset: int, available: int) -> int:
    """Bytes that the IP packet at `offset` says it has, or 0 when that is not possible within `available` bytes."""
    if available < IPV4_HEADER_BYTES:
        return 0
    version = buffer[offset] >> 4
    if version == 4:
        length = (buffer[offset + 2] << 8) | buffer[offset + 3]
        least = IPV4_HEADER_BYTES
    elif version == 6 and available >= IPV6_HEADER_BYTES:
        length = IPV6_HEADER_BYTES + ((buffer[offset + 4] << 8) | buffer[offset + 5])
        least = IPV6_HEADER_BYTES
    else:
        return 0
    return length if least <= length <= available else 0


def parse_udp(buffer: Buffer, offset: int, available: int) -> UdpPacket | None:
    """Read the UDP packet that starts at `offset` and has at most `available` bytes. None: not UDP, cut short or malformed."""
    length = packet_length(buffer, offset, available)
    if length == 0:
        return None
    end = offset + length
    if buffer[offset] >> 4 == 4:
        first, _, fragment_field, protocol, source, destination = _V4_FIXED.unpack_from(buffer, offset)
        header_bytes = (first & 15) << 2
        if protocol != UDP_PROTOCOL or header_bytes < IPV4_HEADER_BYTES:
            return None
        udp_offset = offset + header_bytes
        if fragment_field & (MORE_FRAGMENTS | FRAGMENT_OFFSET):
            return _fragment_piece(
                buffer, source, destination, udp_offset, end, later=bool(fragment_field & FRAGMENT_OFFSET)
            )
    else:
        source = bytes(buffer[offset + 8 : offset + 24])
        destination = bytes(buffer[offset + 24 : offset + 40])
        found = _walk_extension_headers(buffer, offset, end)
        if found is None:
            return None
        udp_offset, fragmented, later = found
        if fragmented:
            return _fragment_piece(buffer, source, destination, udp_offset, end, later=later)
    payload_offset = udp_offset + UDP_HEADER_BYTES
    if payload_offset > end:
        return None
    source_port, destination_port, udp_length = _PORTS.unpack_from(buffer, udp_offset)
    # Super-packets of segmentation offload may say 0 or the length of one segment; the IP length rules then.
    if UDP_HEADER_BYTES <= udp_length < end - udp_offset:
        end = udp_offset + udp_length
    return UdpPacket(source, destination, source_port, destination_port, udp_offset, payload_offset, end, False)


def _fragment_piece(
    buffer: Buffer, source: bytes, destination: bytes, udp_offset: int, end: int, *, later: bool
) -> UdpPacket | None:
    if udp_offset > end:
        return None
    source_port = destination_port = 0
    if not later:
        if udp_offset + UDP_HEADER_BYTES > end:
            return None
        source_port, destination_port, _ = _PORTS.unpack_from(buffer, udp_offset)
    return UdpPacket(source, destination, source_port, destination_port, udp_offset, udp_offset, end, True)


def _walk_extension_headers(buffer: Buffer, offset: int, end: int) -> tuple[int, bool, bool] | None:
    """(where UDP starts, is a fragment, is a later fragment), or None when the chain does not lead to UDP."""
    kind = buffer[offset + 6]
    position = offset + IPV6_HEADER_BYTES
    fragmented = later = False
    for _ in range(MAX_EXTENSION_HEADERS):
        if kind == UDP_PROTOCOL:
            return position, fragmented, later
        if later or position + 8 > end:
            return None
        if kind == FRAGMENT:
            field = (buffer[position + 2] << 8) | buffer[position + 3]
            later = bool(field & 0xFFF8)
            # An "atomic fragment" (RFC 6946) is whole: offset 0 and no more to come.
            fragmented = later or bool(field & 1)
            kind, position = buffer[position], position + FRAGMENT_HEADER_BYTES
        elif kind in (HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS):
            kind, position = buffer[position], position + (buffer[position + 1] + 1) * 8
        else:
            return None
    return None


def ones_complement_sum(data: Buffer) -> int:
    """The 16-bit one's complement sum of RFC 1071. 2**16 is 1 modulo 65535, so one big division does the whole loop."""
    if len(data) % 2:
        data = bytes(data) + b"\0"
    value = int.from_bytes(data, "big")
    # 0 and 65535 are the same number modulo 65535: only a sum of nothing but zeros is 0.
    return value % 65535 or (65535 if value else 0)


def udp_checksum(source: bytes, destination: bytes, udp: Buffer) -> int:
    """Checksum of a UDP header (its own field zero) with payload. Never 0, which would mean "none" (RFC 768)."""
    pseudo = source + destination + struct.pack("!HH", UDP_PROTOCOL, len(udp) & 0xFFFF)
    total = ones_complement_sum(pseudo) + ones_complement_sum(udp)
    total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF) or 0xFFFF


def build_udp(source: bytes, destination: bytes, source_port: int, destination_port: int, payload: Buffer) -> bytes:
    """A whole IP packet with right checksums. Addresses are packed: 4 bytes each or 16 bytes each.

    Raises ValueError when the addresses differ in family or the payload fits no UDP packet.
    """
    limit = MAX_UDP_PAYLOAD_V4 if len(source) == 4 else MAX_UDP_PAYLOAD_V6
    if len(source) != len(destination) or len(source) not in (4, 16) or len(payload) > limit:
        raise ValueError(
            f"no UDP packet: addresses of {len(source)} and {len(destination)} bytes, {len(payload)} bytes of payload"
        )
    udp_bytes = UDP_HEADER_BYTES + len(payload)
    bare = _UDP_BUILD.pack(source_port, destination_port, udp_bytes, 0)
    checksum = udp_checksum(source, destination, bare + payload)
    udp = _UDP_BUILD.pack(source_port, destination_port, udp_bytes, checksum) + payload
    if len(source) == 4:
        return _v4_header(source, destination, udp_bytes, identification=0, flags=DONT_FRAGMENT) + udp
    return _V6_BUILD.pack(0x60000000, udp_bytes, UDP_PROTOCOL, HOP_LIMIT, source, destination) + udp


def _v4_header(source: bytes, destination: bytes, body_bytes: int, *, identification: int, flags: int) -> bytes:
    total = IPV4_HEADER_BYTES + body_bytes
    bare = _V4_BUILD.pack(0x45, 0, total, identification, flags, HOP_LIMIT, UDP_PROTOCOL, 0, source, destination)
    checksum = ~ones_complement_sum(bare) & 0xFFFF
    return _V4_BUILD.pack(0x45, 0, total, identification, flags, HOP_LIMIT, UDP_PROTOCOL, checksum, source, destination)


def complete_checksums(packet: bytearray, parsed: UdpPacket) -> None:
    """Write right IP and UDP checksums into a whole packet that starts at offset 0.

    Captured packets carry an unfinished UDP checksum where the network card would have finished it.
    """
    if packet[0] >> 4 == 4:
        header_bytes = (packet[0] & 15) << 2
        packet[10:12] = b"\0\0"
        packet[10:12] = (~ones_complement_sum(packet[:header_bytes]) & 0xFFFF).to_bytes(2, "big")
    field = parsed.udp_offset + 6
    packet[field : field + 2] = b"\0\0"
    checksum = udp_checksum(parsed.source, parsed.destination, packet[parsed.udp_offset : parsed.end])
    packet[field : field + 2] = checksum.to_bytes(2, "big")


def with_payload(buffer: Buffer, offset: int, parsed: UdpPacket, payload: Buffer, *, id_step: int = 0) -> bytearray:
    """The same packet (header fields, options, hop limit) round another payload, with right lengths and checksums.

    Used for the segments of a super-packet: the kernel counts the IPv4 identification up by one for each (`id_step`).
    """
    header = parsed.payload_offset - offset
    packet = bytearray(buffer[offset : parsed.payload_offset])
    packet += payload
    if packet[0] >> 4 == 4:
        packet[2:4] = len(packet).to_bytes(2, "big")
        identification = (int.from_bytes(packet[4:6], "big") + id_step) & 0xFFFF
        packet[4:6] = identification.to_bytes(2, "big")
    else:
        packet[4:6] = (len(packet) - IPV6_HEADER_BYTES).to_bytes(2, "big")
    udp_offset = parsed.udp_offset - offset
    packet[udp_offset + 4 : udp_offset + 6] = (UDP_HEADER_BYTES + len(payload)).to_bytes(2, "big")
    moved = parsed._replace(udp_offset=udp_offset, payload_offset=header, end=len(packet))
    complete_checksums(packet, moved)
    return packet


def fragment_packet(packet: bytes, mtu: int, identification: int) -> list[bytes]:
    """Cut a whole UDP packet into IP fragments of at most `mtu` bytes; the receiver sees the datagram unchanged.

    Needed for datagrams larger than the link, because raw sockets do not fragment. IPv4 options are not carried over.
    Returns the packet alone when it fits or cannot be read.
    """
    parsed = parse_udp(packet, 0, len(packet))
    if len(packet) <= mtu or parsed is None or parsed.fragment:
        return [packet]
    body = packet[parsed.udp_offset :]
    pieces: list[bytes] = []
    if packet[0] >> 4 == 4:
        step = (mtu - IPV4_HEADER_BYTES) & ~7
        for start in range(0, len(body), step):
            more = MORE_FRAGMENTS if start + step < len(body) else 0
            piece = body[start : start + step]
            flags = more | (start >> 3)
            header = bytearray(
                _v4_header(
                    parsed.source, parsed.destination, len(piece), identification=identification & 0xFFFF, flags=flags
                )
            )
            header[1], header[8], header[10:12] = packet[1], packet[8], b"\0\0"
            header[10:12] = (~ones_complement_sum(header) & 0xFFFF).to_bytes(2, "big")
            pieces.append(bytes(header) + piece)
        return pieces
    step = (mtu - IPV6_HEADER_BYTES - FRAGMENT_HEADER_BYTES) & ~7
    for start in range(0, len(body), step):
        piece = body[start : start + step]
        more = 1 if start + step < len(body) else 0
        extension = struct.pack("!BBHI", UDP_PROTOCOL, 0, start | more, identification & 0xFFFFFFFF)
        length = (len(extension) + len(piece)).to_bytes(2, "big")
        pieces.append(packet[:4] + length + bytes([FRAGMENT]) + packet[7:40] + extension + piece)
    return pieces
