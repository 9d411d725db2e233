"""Diverting on Windows: WinDivert through pydivert's public methods.

Each filter has a thread in a blocking `recv`, because pydivert's asynchronous calls share one event between receiving and
sending and can lose wake-ups. What goes back goes through a handle of its own that only sends, at the lowest priority, so that
no handle of ours sees it again. Windows takes the filters away with the process, so there is nothing to watch over.
"""

import asyncio
import contextlib
import threading
from collections import deque
from typing import Any

import pydivert

from plg.capture.blocking_work import run_to_end
from plg.capture.divert_handle import PacketCallback
from plg.capture.flow_table import count_error
from plg.capture.packet_source import CaptureStats, CaptureUnavailable
from plg.capture.privilege import OFFER_PROXY, describe_missing, missing_for_divert

SENDER_PRIORITY = -1000
"""Below the filters' 0: WinDivert shows an injected packet only to handles of lower priority than the injecting one."""

BATCH_PACKETS = 64
"""Shown in one turn of the event loop before it does something else."""

MAX_WAITING_PACKETS = 8192
"""Between thread and loop. When the loop is stuck, more than this goes straight and is counted as leaked."""

THREAD_END_S = 2.0
SHUTDOWN_RECEIVE = 1


class WindowsHandle:
    """One filter with its thread. The thread only receives and queues; `show_waiting` runs on the loop."""

    def __init__(
        self, expression: str, sender: Any, stats: CaptureStats, on_packet: PacketCallback, *, sniff: bool
    ) -> None:
        flags = pydivert.Flag.SNIFF | pydivert.Flag.RECV_ONLY if sniff else pydivert.Flag.DEFAULT
        self._divert: Any = pydivert.Divert(expression, flags=flags)
        self._divert.open()
        self._sniff = sniff
        self._sender = sender
        self._stats = stats
        self._on_packet = on_packet
        self._waiting: deque[Any] = deque()
        self._announced = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._receive, name="capture", daemon=True)
        self._thread.start()

    def _receive(self) -> None:
        while True:
            try:
                packet = self._divert.recv()
            except (OSError, RuntimeError):
                return  # shut down
            if len(self._waiting) >= MAX_WAITING_PACKETS:
                if not self._sniff:
                    self._stats.leaked += 1
                    self.reinject(packet)
                continue
            self._waiting.append(packet)
            if not self._announced:
                self._announced = True
                try:
                    self._loop.call_soon_threadsafe(self._show_waiting)
                except RuntimeError:
                    return  # the loop has ended

    def _show_waiting(self) -> None:
        self._announced = False
        for _ in range(BATCH_PACKETS):
            if not self._waiting:
                return
            packet = self._waiting.popleft()
            raw: memoryview = packet.raw
            index, sub_index = packet.interface
            # WinDivert hands over datagrams before the card cuts them: there are no super-packets here.
            self._on_packet(self, raw, 0, len(raw), (int(index), int(sub_index)), 0, packet)
        self._announced = True
        self._loop.call_soon(self._show_waiting)

    def reinject(self, token: object) -> bool:
        try:
            self._sender.send(token, recalculate_checksum=True)
        except OSError:
            return False
        return True

    def send_like(self, token: object, packet: bytearray) -> bool:
        like: Any = token
        return self.reinject(pydivert.Packet(packet, interface=like.interface, direction=like.direction))

    def stop_receiving(self) -> None:
        """Let new packets pass; the thread ends once it has fetched the waiting ones."""
        with contextlib.suppress(OSError, AttributeError):
            public = getattr(self._divert, "shutdown", None)
            if public is not None:
                public(SHUTDOWN_RECEIVE)
                return
            # WinDivert's own call; pydivert 4.0 declares it and gives it no method.
            from pydivert import windivert_dll

            windivert_dll.WinDivertShutdown(self._divert._handle, SHUTDOWN_RECEIVE)

    def finish(self) -> None:
        """Blocks for milliseconds: end the thread, send what still waits on its way, close."""
        self._thread.join(THREAD_END_S)
        while self._waiting:
            packet = self._waiting.popleft()
            if not self._sniff:
                self.reinject(packet)
        with contextlib.suppress(OSError, RuntimeError):
            self._divert.close()


class WindowsDivert:
    """A DivertBackend over WinDivert."""

    def __init__(self, expressions: tuple[str, ...], stats: CaptureStats) -> None:
        self._expressions = expressions
        self._stats = stats
        self._sender: Any = None
        self._handles: list[WindowsHandle] = []

    async def prepare(self) -> None:
        missing = missing_for_divert()
        if missing:
            raise CaptureUnavailable(*describe_missing(missing))
        sender = pydivert.Divert("false", priority=SENDER_PRIORITY, flags=pydivert.Flag.SEND_ONLY)
        try:
            sender.open()
        except OSError as error:
            raise CaptureUnavailable(
                f"the WinDivert driver does not start: {error}",
                f"run as administrator and let the virus scanner allow WinDivert64.sys, {OFFER_PROXY}",
            ) from error
        self._sender = sender

    async def start(self, on_packet: PacketCallback, *, sniff: bool) -> None:
        await self.stop()
        try:
            for expression in self._expressions:
                self._handles.append(WindowsHandle(expression, self._sender, self._stats, on_packet, sniff=sniff))
        except OSError as error:
            await self.stop()
            raise CaptureUnavailable(f"WinDivert refuses the filter: {error}", f"try again, {OFFER_PROXY}") from error

    def inject_inbound(self, packet: bytes, interface: tuple[int, int], local_address: bytes) -> bool:  # noqa: ARG002 - Linux routes by it
        return self._inject(packet, interface, pydivert.Direction.INBOUND)

    def inject_outbound(self, packet: bytes, interface: tuple[int, int], remote_address: bytes) -> bool:  # noqa: ARG002 - as above
        return self._inject(packet, interface, pydivert.Direction.OUTBOUND)

    def _inject(self, packet: bytes, interface: tuple[int, int], direction: Any) -> bool:
        if self._sender is None:
            return False
        try:
            self._sender.send(
                pydivert.Packet(packet, interface=interface, direction=direction, ip_checksum=True, udp_checksum=True),
                recalculate_checksum=False,
            )
        except OSError:
            count_error(self._stats, "inject_refused")
            return False
        return True

    def refresh_stats(self) -> None:
        """WinDivert has no counters to fetch; what overflows between thread and loop is counted as it happens."""

    async def stop(self) -> None:
        handles, self._handles = self._handles, []
        for handle in handles:
            handle.stop_receiving()
        for handle in handles:
            await run_to_end(handle.finish)

    async def close(self) -> None:
        try:
            await self.stop()
        finally:
            sender, self._sender = self._sender, None
            if sender is not None:
                with contextlib.suppress(OSError, RuntimeError):
                    sender.close()
