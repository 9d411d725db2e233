"""Capture by diverting packets in the kernel: WinDivert on Windows, eBPF on Linux, both through pydivert."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from plg.capture.divert_handle import DivertBackend, DivertHandle
from plg.capture.filter_expression import plan_filters
from plg.capture.flow_table import FlowTable, build_original, build_reply, count_error
from plg.capture.ip_udp import Buffer, UdpPacket, parse_udp, with_payload
from plg.capture.packet_source import CaptureSpec, CaptureStats, CaptureUnavailable, FlowKey, PacketHandler, Verdict

OpenBackend = Callable[[tuple[str, ...], CaptureStats, Path], DivertBackend]
"""(filter expressions, counters to keep, runtime directory) -> the operating system's part."""


class DivertSource:
    """A PacketSource. `runtime_directory` holds the journal that lets a later run clean up after a crash.

    `backend` makes the operating system's part; the default is the one of this system.
    """

    def __init__(self, runtime_directory: Path, backend: OpenBackend | None = None) -> None:
        self._runtime_directory = runtime_directory
        self._open_backend = backend or open_backend
        self._stats = CaptureStats()
        self._backend: DivertBackend | None = None
        self._table: FlowTable | None = None
        self._handler: PacketHandler | None = None
        self._observed: set[FlowKey] = set()

    @property
    def name(self) -> str:
        return "divert"

    @property
    def stats(self) -> CaptureStats:
        if self._backend is not None:
            self._backend.refresh_stats()
        return self._stats

    async def open(self, spec: CaptureSpec) -> None:
        try:
            plan = plan_filters(spec)
        except ValueError as error:
            raise CaptureUnavailable(str(error), "correct the game's profile, or use --capture proxy") from error
        self._table = FlowTable(spec, self._stats)
        self._backend = self._open_backend(plan.expressions, self._stats, self._runtime_directory)
        try:
            await self._backend.prepare()
        except BaseException:
            await self.close()
            raise

    async def observe(self, seconds: float) -> frozenset[FlowKey]:
        backend = self._require_backend()
        self._observed.clear()
        before = (self._stats.passed_direct, self._stats.other_process)
        if self._handler is not None:
            raise RuntimeError("observe before divert: now every packet is shown to the handler")
        await backend.start(self._note_packet, sniff=True)
        try:
            await asyncio.sleep(seconds)
        finally:
            await backend.stop()
        # Copies went nowhere: they are no packets that we passed on.
        self._stats.passed_direct, self._stats.other_process = before
        return frozenset(self._observed)

    async def divert(self, handler: PacketHandler) -> None:
        backend = self._require_backend()
        already, self._handler = self._handler is not None, handler
        if already:
            return
        await backend.start(self._take_packet, sniff=False)

    def deliver(self, flow: FlowKey, payload: bytes) -> None:
        known = self._table.known_flow(flow) if self._table is not None else None
        packet = build_reply(known, payload, self._stats) if known is not None else None
        if known is None or packet is None or self._backend is None:
            return
        if self._backend.inject_inbound(packet, known.interface, known.local_address):
            self._stats.delivered += 1

    def send_direct(self, flow: FlowKey, payload: bytes) -> None:
        known = self._table.known_flow(flow) if self._table is not None else None
        packet = build_original(known, payload, self._stats) if known is not None else None
        if known is None or packet is None or self._backend is None:
            return
        if self._backend.inject_outbound(packet, known.interface, known.remote_address):
            self._stats.passed_direct += 1

    async def close(self) -> None:
        backend, self._backend = self._backend, None
        if backend is not None:
            await backend.close()
            backend.refresh_stats()

    def _require_backend(self) -> DivertBackend:
        if self._backend is None:
            raise RuntimeError("the capture is not open")
        return self._backend

    def _note_packet(
        self,
        _handle: DivertHandle,
        buffer: Buffer,
        offset: int,
        length: int,
        interface: tuple[int, int],
        _segment_bytes: int,
        _token: object,
    ) -> None:
        packet = parse_udp(buffer, offset, length)
        if packet is None or packet.fragment or self._table is None:
            return
        flow = self._table.flow_of(packet, interface)
        if flow is not None:
            self._observed.add(flow.key)

    def _take_packet(
        self,
        handle: DivertHandle,
        buffer: Buffer,
        offset: int,
        length: int,
        interface: tuple[int, int],
        segment_bytes: int,
        token: object,
    ) -> None:
        packet = parse_udp(buffer, offset, length)
        if packet is None or self._table is None or self._handler is None:
            self._stats.passed_direct += 1
            self._count_if_refused(handle.reinject(token))
            return
        if packet.fragment:
            # All pieces go straight: half a datagram in the tunnel would be none at all.
            self._stats.fragments_direct += 1
            self._count_if_refused(handle.reinject(token))
            return
        flow = self._table.flow_of(packet, interface)
        payload_bytes = packet.end - packet.payload_offset
        if 0 < segment_bytes < payload_bytes:
            self._take_segments(
                handle, buffer, offset, packet, segment_bytes, token, None if flow is None else flow.key
            )
            return
        if flow is not None:
            payload = bytes(buffer[packet.payload_offset : packet.end])
            if self._handler(flow.key, payload) is Verdict.TAKEN:
                self._stats.captured += 1
                return
            self._stats.passed_direct += 1
        self._count_if_refused(handle.reinject(token))

    def _take_segments(
        self,
        handle: DivertHandle,
        buffer: Buffer,
        offset: int,
        packet: UdpPacket,
        segment_bytes: int,
        token: object,
        key: FlowKey | None,
    ) -> None:
        """A super-packet stands for many datagrams; each is decided by itself."""
        for number, start in enumerate(range(packet.payload_offset, packet.end, segment_bytes)):
            payload = bytes(buffer[start : min(start + segment_bytes, packet.end)])
            if key is not None and self._handler is not None:
                if self._handler(key, payload) is Verdict.TAKEN:
                    self._stats.captured += 1
                    continue
                self._stats.passed_direct += 1
            segment = with_payload(buffer, offset, packet, payload, id_step=number)
            self._count_if_refused(handle.send_like(token, segment))

    def _count_if_refused(self, sent: bool) -> None:
        if not sent:
            count_error(self._stats, "reinject_refused")


def open_backend(expressions: tuple[str, ...], stats: CaptureStats, runtime_directory: Path) -> DivertBackend:
    if sys.platform == "win32":
        from plg.capture.divert_windows import WindowsDivert

        return WindowsDivert(expressions, stats)
    from plg.capture.divert_linux import LinuxDivert

    return LinuxDivert(expressions, stats, runtime_directory)
