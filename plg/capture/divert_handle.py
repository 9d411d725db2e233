"""What a divert handle is to the source above it, the same on Windows and Linux."""

from collections.abc import Callable
from typing import Protocol

from plg.capture.ip_udp import Buffer

PacketCallback = Callable[["DivertHandle", Buffer, int, int, tuple[int, int], int, object], None]
"""(handle, buffer, offset, length, interface, segment_bytes, token): one captured packet, valid during the call only.

`segment_bytes` is above 0 for a super-packet of segmentation offload; `token` names the packet in `reinject` and `send_like`.
"""


class DivertHandle(Protocol):
    """One opened filter."""

    def reinject(self, token: object) -> bool:
        """Put the packet back on its way, unchanged. False when the system refused it."""

    def send_like(self, token: object, packet: bytearray) -> bool:
        """Send another packet, checksums complete, on the way of the captured one. False when the system refused it."""


class DivertBackend(Protocol):
    """An operating system's way to capture. Every call comes from one asyncio loop."""

    async def prepare(self) -> None:
        """Check for real that capture works here, start what guards it. Raises CaptureUnavailable."""

    async def start(self, on_packet: PacketCallback, *, sniff: bool) -> None:
        """Open the filters. With `sniff` the packets are copies and nothing is held up. Raises CaptureUnavailable."""

    def inject_inbound(self, packet: bytes, interface: tuple[int, int], local_address: bytes) -> bool:
        """Give a packet to this machine as if it had come in. False, counted, when the system refused it."""

    def inject_outbound(self, packet: bytes, interface: tuple[int, int], remote_address: bytes) -> bool:
        """Send a packet past our own capture. False, counted, when the system refused it."""

    def refresh_stats(self) -> None:
        """Bring the counters that the system keeps into the stats."""

    async def stop(self) -> None:
        """Close the filters; packets that wait go their own way. Ready to `start` again."""

    async def close(self) -> None:
        """Stop, and leave nothing behind. May be called twice."""
