"""Diverting on Linux: eBPF handles, raw sockets for what goes back, a watchdog for the day we are killed. Linux only."""

import asyncio
import contextlib
import errno
from pathlib import Path

from plg.capture.blocking_work import run_to_end
from plg.capture.divert_handle import DivertHandle, PacketCallback
from plg.capture.divert_linux_handle import LinuxHandle, open_handle, own_program_ids
from plg.capture.flow_table import count_error
from plg.capture.ip_udp import Buffer
from plg.capture.leavings import Leavings, reap_journals
from plg.capture.link_monitor import LinkMonitor
from plg.capture.linux_links import (
    BpfFilter,
    delete_bpf_filter,
    delete_clsact_if_empty,
    interfaces_with_clsact,
    list_bpf_filters,
    list_links,
)
from plg.capture.netlink import Netlink
from plg.capture.packet_source import CaptureStats, CaptureUnavailable
from plg.capture.privilege import OFFER_PROXY, describe_missing, missing_for_divert
from plg.capture.raw_sender import RawSender
from plg.capture.watchdog import Watchdog, WatchdogError

HARMLESS_FILTER = "outbound and udp and ip.DstAddr == 255.255.255.255 and udp.DstPort == 9"
"""For trying whether the kernel lets us: with SNIFF it holds nothing up, and nothing is sent there."""

LOSS_COUNTERS = {"queue_full": "queue_dropped", "too_big": "packet_too_big", "parsing_errors": "packet_unreadable"}
"""The library's names of what it lost, and ours. Its `ringbuf_full` is our `leaked`."""


class LinuxDivert:
    """A DivertBackend. One handle for each expression; all are opened anew when an interface appears, new before old."""

    def __init__(self, expressions: tuple[str, ...], stats: CaptureStats, runtime_directory: Path) -> None:
        self._expressions = expressions
        self._stats = stats
        self._directory = runtime_directory
        self._watchdog: Watchdog | None = None
        self._sender: RawSender | None = None
        self._handles: list[LinuxHandle] = []
        self._on_packet: PacketCallback | None = None
        self._attached: frozenset[int] = frozenset()
        self._clsact_before: frozenset[int] = frozenset()
        self._clsact_made: set[int] = set()
        self._monitor: LinkMonitor | None = None
        self._reopening: asyncio.Task[None] | None = None
        self._counted: dict[int, dict[str, int]] = {}

    async def prepare(self) -> None:
        missing = missing_for_divert()
        if missing:
            raise CaptureUnavailable(*describe_missing(missing))
        try:
            await run_to_end(self._prepare_blocking)
        except WatchdogError as error:
            raise CaptureUnavailable(str(error), f"see that {self._directory} can be written, {OFFER_PROXY}") from error
        except (OSError, ImportError, NotImplementedError) as error:
            raise _refusal(error) from error

    def _prepare_blocking(self) -> None:
        reap_journals(self._directory)
        with Netlink() as netlink:
            self._clsact_before = interfaces_with_clsact(netlink)
        self._sender = RawSender(self._stats)
        self._watchdog = Watchdog(self._directory)
        self._watchdog.start()
        trial = open_handle(HARMLESS_FILTER, sniff=True)
        self._arm()
        trial.close()
        self._arm()

    async def start(self, on_packet: PacketCallback, *, sniff: bool) -> None:
        await self.stop()
        self._on_packet = on_packet
        try:
            self._handles = await run_to_end(lambda: self._open_handles(sniff), _close_all)
        except (OSError, WatchdogError) as error:
            raise _refusal(error) from error
        for handle in self._handles:
            handle.watch(on_packet)
        if not sniff:
            self._monitor = LinkMonitor(self._links_changed)
            # What came while the filters were being attached has been announced before the monitor listened.
            self._links_changed()

    def _open_handles(self, sniff: bool) -> list[LinuxHandle]:
        """Off the loop: 50 ms a handle. The watchdog knows the filters before the first packet is read."""
        with Netlink() as netlink:
            links = frozenset(link.number for link in list_links(netlink))
        opened: list[LinuxHandle] = []
        try:
            for expression in self._expressions:
                opened.append(open_handle(expression, sniff=sniff))  # noqa: PERF401 - what is open must be closed on error
            self._arm()
        except BaseException:
            _close_all(opened)
            raise
        self._attached = links
        return opened

    def _arm(self) -> None:
        """Tell the watchdog what there is to undo now."""
        if self._watchdog is None:
            return
        with Netlink() as netlink:
            self._clsact_made |= interfaces_with_clsact(netlink) - self._clsact_before
            filters = _filters_running(netlink, own_program_ids())
        self._watchdog.arm(Leavings(filters=tuple(filters), clsact=tuple(sorted(self._clsact_made))))

    def _links_changed(self) -> None:
        if self._reopening is None or self._reopening.done():
            self._reopening = asyncio.get_running_loop().create_task(
                self._reopen_for_new_links(), name="capture reopen"
            )

    async def _reopen_for_new_links(self) -> None:
        """Filters sit on the interfaces of the moment when they were opened; a VPN or another Wi-Fi comes later."""
        with contextlib.suppress(OSError), Netlink() as netlink:
            # Ports of a bridge are passed over: what this machine sends goes through the bridge itself first.
            links = [link for link in list_links(netlink) if link.is_up and not link.is_loopback and not link.master]
            if all(link.number in self._attached for link in links) or not self._handles:
                return
        on_packet = self._on_packet
        try:
            fresh = await run_to_end(lambda: self._open_handles(False), _close_all)
        except (OSError, WatchdogError):
            count_error(self._stats, "reopen_failed")
            return
        if self._on_packet is not on_packet or on_packet is None:
            _close_all(fresh)  # stopped meanwhile
            return
        old, self._handles = self._handles, fresh
        for handle in fresh:
            handle.watch(on_packet)
        self._finish(old, on_packet)
        with contextlib.suppress(OSError, WatchdogError):
            await run_to_end(self._arm)

    def inject_inbound(self, packet: bytes, interface: tuple[int, int], local_address: bytes) -> bool:  # noqa: ARG002 - Windows needs the interface
        return self._sender is not None and self._sender.send(packet, local_address)

    def inject_outbound(self, packet: bytes, interface: tuple[int, int], remote_address: bytes) -> bool:  # noqa: ARG002 - as above
        return self._sender is not None and self._sender.send(packet, remote_address)

    def refresh_stats(self) -> None:
        for handle in self._handles:
            self._count_losses(handle)

    def _count_losses(self, handle: LinuxHandle) -> None:
        now = handle.counters()
        before = self._counted.setdefault(id(handle), {})
        self._stats.leaked += now.get("ringbuf_full", 0) - before.get("ringbuf_full", 0)
        for theirs, ours in LOSS_COUNTERS.items():
            more = now.get(theirs, 0) - before.get(theirs, 0)
            if more > 0:
                self._stats.errors[ours] = self._stats.errors.get(ours, 0) + more
        self._counted[id(handle)] = now

    def _finish(self, handles: list[LinuxHandle], on_packet: PacketCallback) -> None:
        """Filters off, then what waits in the rings to `on_packet`, then the rest: no packet is lost on the way out."""
        programs: frozenset[int] = frozenset().union(*(handle.program_ids for handle in handles))
        with contextlib.suppress(OSError):
            _detach(programs)
        for handle in handles:
            try:
                self._count_losses(handle)
                handle.finish(on_packet)
            except OSError:
                count_error(self._stats, "close_failed")
                with contextlib.suppress(OSError):
                    handle.close()
            self._counted.pop(id(handle), None)

    async def stop(self) -> None:
        # The filters go first and without waiting for anything, so that a cancelled stop has done what matters.
        handles, self._handles = self._handles, []
        self._on_packet = None
        if self._monitor is not None:
            self._monitor.close()
            self._monitor = None
        self._finish(handles, _pass_on)
        reopening, self._reopening = self._reopening, None
        if reopening is not None and reopening is not asyncio.current_task():
            await reopening

    async def close(self) -> None:
        try:
            await self.stop()
        finally:
            if self._sender is not None:
                self._sender.close()
                self._sender = None
            watchdog, self._watchdog = self._watchdog, None
            if watchdog is not None:
                with contextlib.suppress(OSError), Netlink() as netlink:
                    for interface in self._clsact_made:
                        delete_clsact_if_empty(netlink, interface)
                self._clsact_made.clear()
                watchdog.release()


def _pass_on(
    handle: DivertHandle,
    _buffer: Buffer,
    _offset: int,
    _length: int,
    _interface: tuple[int, int],
    _segment_bytes: int,
    token: object,
) -> None:
    """For packets that still wait when the filters go."""
    handle.reinject(token)


def _close_all(handles: list[LinuxHandle]) -> None:
    for handle in handles:
        handle.close()


def _filters_running(netlink: Netlink, programs: frozenset[int]) -> list[BpfFilter]:
    """Every filter of this network namespace that runs one of the programs."""
    if not programs:
        return []
    return [
        found
        for link in list_links(netlink)
        for found in list_bpf_filters(netlink, link.number)
        if found.program_id in programs
    ]


def _detach(programs: frozenset[int]) -> None:
    """Take the filters that run these programs off their interfaces, as far as they are still there."""
    with Netlink() as netlink:
        for found in _filters_running(netlink, programs):
            with contextlib.suppress(OSError):
                delete_bpf_filter(netlink, found)


def _refusal(error: Exception) -> CaptureUnavailable:
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.EPERM, errno.EACCES):
        return CaptureUnavailable(
            f"the kernel does not let us load filters: {error}",
            f"run as root of the machine itself (not of a container or user namespace), or use --capture tun, {OFFER_PROXY}",
        )
    return CaptureUnavailable(f"divert cannot start: {error}", f"try --capture tun, {OFFER_PROXY}")
