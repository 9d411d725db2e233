"""A TUN device: an interface whose packets we read and write. Linux only; the kernel removes it with its descriptor."""

import contextlib
import errno
import fcntl
import os
import socket
import struct
from pathlib import Path

from plg.capture.linux_links import add_host_address, bring_up
from plg.capture.netlink import Netlink
from plg.capture.packet_source import CaptureUnavailable
from plg.capture.privilege import OFFER_PROXY, TUN_DEVICE

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000

NAME_PATTERN = b"plg%d"
"""The kernel puts the first free number in."""

MTU_BYTES = 65535
"""The largest: whole datagrams arrive, never fragments."""

QUEUE_PACKETS = 10_000
"""Kept by the kernel while we are busy; the default of 500 is 8 ms of a fast download."""

LOOSE_SOURCE_CHECK = "2"
"""Value of rp_filter: the sender must be reachable, by whatever way (Linux ip-sysctl)."""

DUMMY_ADDRESS = socket.inet_aton("192.0.0.8")
"""RFC 7600's address of no machine. On an interface without any the loose check still refuses everything."""

READ_BYTES = MTU_BYTES + 41
"""IPv6 counts its length without the header."""


class TunDevice:
    """Open and up, without any address or route. Raises CaptureUnavailable."""

    def __init__(self) -> None:
        try:
            self._descriptor = os.open(TUN_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise CaptureUnavailable(
                f"cannot open {TUN_DEVICE}: {error.strerror}", f"run the command with sudo, {OFFER_PROXY}"
            ) from error
        try:
            request = struct.pack("16sH22x", NAME_PATTERN, IFF_TUN | IFF_NO_PI)
            answer = fcntl.ioctl(self._descriptor, TUNSETIFF, request)
            self.name = answer[:16].split(b"\0")[0].decode("ascii", errors="replace")
            self.interface = socket.if_nametoindex(self.name)
            # Replies come out of this device while the route to their sender leads elsewhere. The setting dies with it.
            with contextlib.suppress(OSError):
                Path(f"/proc/sys/net/ipv4/conf/{self.name}/rp_filter").write_text(LOOSE_SOURCE_CHECK, encoding="ascii")
            with Netlink() as netlink:
                add_host_address(netlink, self.interface, DUMMY_ADDRESS)
                bring_up(netlink, self.interface, MTU_BYTES, QUEUE_PACKETS)
        except OSError as error:
            os.close(self._descriptor)
            raise CaptureUnavailable(
                f"cannot make a TUN device: {error.strerror}", f"run the command with sudo, {OFFER_PROXY}"
            ) from error

    def fileno(self) -> int:
        return self._descriptor

    def read(self) -> bytes | None:
        """The next packet that the system sends through the device; None when there is none."""
        try:
            return os.read(self._descriptor, READ_BYTES)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EBADFD, errno.EIO):
                return None  # EBADFD, EIO: somebody else deleted or downed the device
            raise

    def write(self, packet: bytes) -> bool:
        """Hand a packet to the system as if it came in through the device. False when it is refused."""
        try:
            os.write(self._descriptor, packet)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """The device and every route through it are gone when this returns. May be called twice."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
