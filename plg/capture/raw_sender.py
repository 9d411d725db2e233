"""Sending whole IP packets on Linux: replies to the game, and packets that go their own way after all. Needs CAP_NET_RAW."""

import errno
import socket
from ipaddress import ip_address

from plg.capture.bypass_mark import mark_socket
from plg.capture.flow_table import count_error
from plg.capture.ip_udp import FRAGMENT_MTU, fragment_packet
from plg.capture.packet_source import CaptureStats

SEND_BUFFER_BYTES = 1 << 20
"""Room for a burst; the default of 208 KiB holds about 250 small packets with their overhead."""


class RawSender:
    """One raw socket a family, marked so that capture does not see what it sends. Raises OSError at once without the right."""

    def __init__(self, stats: CaptureStats) -> None:
        self._stats = stats
        self._identification = 1
        self._v4 = self._open(socket.AF_INET)
        try:
            self._v6: socket.socket | None = self._open(socket.AF_INET6)
        except OSError as error:
            if error.errno != errno.EAFNOSUPPORT:
                self._v4.close()
                raise
            self._v6 = None  # a kernel without IPv6 has no IPv6 packets to send either

    @staticmethod
    def _open(family: socket.AddressFamily) -> socket.socket:
        # IPPROTO_RAW: we hand over the IP header too, in both families (raw(7)).
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        mark_socket(raw)
        return raw

    def close(self) -> None:
        self._v4.close()
        if self._v6 is not None:
            self._v6.close()

    def send(self, packet: bytes | bytearray, destination: bytes) -> bool:
        """Route a packet by its destination (packed). False, counted, when the network refuses it; datagrams larger than the
        link leave as fragments."""
        try:
            self._send(packet, destination)
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                count_error(self._stats, f"send_{errno.errorcode.get(error.errno or 0, 'error').lower()}")
                return False
            return self._send_fragments(bytes(packet), destination)
        return True

    def _send_fragments(self, packet: bytes, destination: bytes) -> bool:
        self._identification = (self._identification + 1) & 0xFFFFFFFF
        try:
            for piece in fragment_packet(packet, FRAGMENT_MTU, self._identification):
                self._send(piece, destination)
        except OSError:
            count_error(self._stats, "send_fragments")
            return False
        return True

    def _send(self, packet: bytes | bytearray, destination: bytes) -> None:
        if len(destination) == 4:
            self._v4.sendto(packet, (socket.inet_ntoa(destination), 0))
        elif self._v6 is not None:
            self._v6.sendto(packet, (str(ip_address(destination)), 0))
