"""Watching outgoing UDP without touching it: a packet socket with a small kernel filter. Linux only, needs CAP_NET_RAW."""

import asyncio
import contextlib
import ctypes
import socket
import struct
from collections.abc import Callable

from plg.capture.ip_udp import UdpPacket, parse_udp

ETH_P_ALL = 0x0003
PACKET_OUTGOING = 4
SO_ATTACH_FILTER = 26
ANCILLARY_PACKET_TYPE = 0xFFFFF000 + 4
"""SKF_AD_OFF + SKF_AD_PKTTYPE of linux/filter.h: which way the packet goes."""

BATCH_PACKETS = 64
"""Looked at in one wake-up before the event loop does something else."""

SNAP_BYTES = 2048
"""Only headers are read; UDP needs less than 100 bytes of a packet."""

MAX_EARLY_PACKETS = 10_000
"""Far more than come between two system calls."""

BUFFER_BYTES = 1 << 22
"""Room for some thousand packets while the loop is busy."""


def _program() -> bytes:
    """Classic BPF over the network header: outgoing, and UDP right behind an IPv4 or IPv6 header.

    Codes: 0x20 load word, 0x30 load byte, 0x54 and, 0x15 jump if equal (lines to skip when true, when false), 0x06 return.
    """
    code = [
        (0x20, 0, 0, ANCILLARY_PACKET_TYPE),
        (0x15, 0, 8, PACKET_OUTGOING),  # else refuse
        (0x30, 0, 0, 0),
        (0x54, 0, 0, 0xF0),
        (0x15, 0, 2, 0x40),  # else look for IPv6
        (0x30, 0, 0, 9),
        (0x15, 4, 3, socket.IPPROTO_UDP),
        (0x15, 0, 2, 0x60),
        (0x30, 0, 0, 6),
        (0x15, 1, 0, socket.IPPROTO_UDP),
        (0x06, 0, 0, 0),
        (0x06, 0, 0, SNAP_BYTES),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in code)


class PacketTap:
    """Calls `on_packet` for each outgoing UDP packet of this network namespace until `close`. Raises OSError at once."""

    def __init__(self, on_packet: Callable[[UdpPacket], None]) -> None:
        self._on_packet = on_packet
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            code = ctypes.create_string_buffer(_program())
            self._socket.setsockopt(
                socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(code.raw) // 8, ctypes.addressof(code))
            )
            # What slipped in before the filter was on is not what was asked for.
            with contextlib.suppress(BlockingIOError):
                for _ in range(MAX_EARLY_PACKETS):
                    self._socket.recv(1)
            self._loop.add_reader(self._socket, self._read)
        except BaseException:
            self._socket.close()
            raise

    def _read(self) -> None:
        for _ in range(BATCH_PACKETS):
            try:
                data = self._socket.recv(SNAP_BYTES)
            except OSError:
                return
            # Cut packets say more than we have: parse what the header says as far as it goes.
            packet = parse_udp(_with_length(data), 0, len(data))
            if packet is not None and not packet.fragment:
                self._on_packet(packet)

    def close(self) -> None:
        """May be called twice."""
        if self._socket.fileno() >= 0:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._socket)
            self._socket.close()


def _with_length(data: bytes) -> bytes:
    """The packet with its IP length set to what we have of it."""
    if len(data) >= 40 and data[0] >> 4 == 6:
        return data[:4] + (len(data) - 40).to_bytes(2, "big") + data[6:]
    if len(data) >= 20 and data[0] >> 4 == 4:
        return data[:2] + len(data).to_bytes(2, "big") + data[4:]
    return data
