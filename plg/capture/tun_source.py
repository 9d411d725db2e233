"""Capture by routing: UDP to the game's destinations goes into a TUN device that we read. Linux only, no eBPF needed.

The cheapest way and the one that fails safest: when we die the device vanishes and the packets go straight again. It cannot
see what an application binds to one interface (SO_BINDTODEVICE); that goes past us.
"""

import asyncio
import contextlib
import errno
from pathlib import Path

from plg.capture.blocking_work import run_to_end
from plg.capture.filter_expression import refuse_match_all
from plg.capture.flow_table import FlowTable, build_original, build_reply, count_error
from plg.capture.ip_udp import UdpPacket, parse_udp
from plg.capture.leavings import Leavings, reap_journals
from plg.capture.link_monitor import LinkMonitor
from plg.capture.netlink import Netlink
from plg.capture.packet_source import CaptureSpec, CaptureStats, CaptureUnavailable, FlowKey, PacketHandler, Verdict
from plg.capture.packet_tap import PacketTap
from plg.capture.policy_routing import add_rule, delete_rule
from plg.capture.privilege import OFFER_PROXY, describe_missing, missing_for_tun
from plg.capture.raw_sender import RawSender
from plg.capture.tun_device import QUEUE_PACKETS, TunDevice
from plg.capture.tun_routes import TunPlan, install_routes, plan_routes
from plg.capture.watchdog import Watchdog, WatchdogError

BATCH_PACKETS = 64
"""Read at one wake-up before the event loop does something else."""

NO_INTERFACE = (0, 0)


class TunSource:
    """A PacketSource. `runtime_directory` holds the journal that lets a later run clean up after a crash."""

    def __init__(self, runtime_directory: Path) -> None:
        self._directory = runtime_directory
        self._stats = CaptureStats()
        self._table: FlowTable | None = None
        self._plan: TunPlan | None = None
        self._device: TunDevice | None = None
        self._sender: RawSender | None = None
        self._watchdog: Watchdog | None = None
        self._monitor: LinkMonitor | None = None
        self._rerouting: asyncio.Task[None] | None = None
        self._handler: PacketHandler | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def name(self) -> str:
        return "tun"

    @property
    def stats(self) -> CaptureStats:
        return self._stats

    async def open(self, spec: CaptureSpec) -> None:
        missing = missing_for_tun()
        if missing:
            raise CaptureUnavailable(*describe_missing(missing))
        try:
            refuse_match_all(spec)
        except ValueError as error:
            raise CaptureUnavailable(str(error), "correct the game's profile, or use --capture proxy") from error
        self._loop = asyncio.get_running_loop()
        self._table = FlowTable(spec, self._stats)
        try:
            await run_to_end(lambda: self._open_blocking(spec))
        except (OSError, WatchdogError) as error:
            await self.close()
            raise CaptureUnavailable(
                f"tun cannot start: {error}", f"run the command with sudo, {OFFER_PROXY}"
            ) from error
        except BaseException:
            await self.close()
            raise

    def _open_blocking(self, spec: CaptureSpec) -> None:
        reap_journals(self._directory)
        with Netlink() as netlink:
            self._plan = plan_routes(spec, netlink)
        self._sender = RawSender(self._stats)
        self._watchdog = Watchdog(self._directory)
        self._watchdog.start()
        self._device = TunDevice()

    async def observe(self, seconds: float) -> frozenset[FlowKey]:
        table = self._table
        if table is None:
            raise RuntimeError("the capture is not open")
        seen: set[FlowKey] = set()
        before = (self._stats.passed_direct, self._stats.other_process)

        def note(packet: UdpPacket) -> None:
            flow = table.flow_of(packet, NO_INTERFACE)
            if flow is not None:
                seen.add(flow.key)

        tap = PacketTap(note)
        try:
            await asyncio.sleep(seconds)
        finally:
            tap.close()
        # Only watched: none of these were passed on by us.
        self._stats.passed_direct, self._stats.other_process = before
        return frozenset(seen)

    async def divert(self, handler: PacketHandler) -> None:
        if self._device is None or self._loop is None:
            raise RuntimeError("the capture is not open")
        already, self._handler = self._handler is not None, handler
        if already:
            return
        self._loop.add_reader(self._device.fileno(), self._read)
        self._monitor = LinkMonitor(self._links_changed)
        try:
            await run_to_end(self._lead_in)
        except (OSError, WatchdogError) as error:
            raise CaptureUnavailable(
                f"cannot set the routes for tun: {error}", f"try --capture divert, {OFFER_PROXY}"
            ) from error

    def _lead_in(self) -> None:
        """Routes first, then the watchdog's word, then the rules that bring the first packet."""
        if self._plan is None or self._device is None or self._watchdog is None:
            return
        with Netlink() as netlink:
            install_routes(self._plan, netlink, self._device.interface)
            self._watchdog.arm(Leavings(rules=self._plan.rules))
            for rule in self._plan.rules:
                add_rule(netlink, rule)

    def _links_changed(self) -> None:
        if self._rerouting is None or self._rerouting.done():
            self._rerouting = asyncio.get_running_loop().create_task(self._reroute(), name="capture reroute")

    async def _reroute(self) -> None:
        """The kernel drops routes whose source address goes; another Wi-Fi brings another address."""
        try:
            await run_to_end(self._reroute_blocking)
        except OSError:
            count_error(self._stats, "reroute_failed")

    def _reroute_blocking(self) -> None:
        if self._plan is not None and self._device is not None:
            with Netlink() as netlink:
                install_routes(self._plan, netlink, self._device.interface)

    def _read(self) -> None:
        device = self._device
        for _ in range(BATCH_PACKETS):
            data = device.read() if device is not None else None
            if data is None:
                return
            self._take_packet(data)

    def _take_packet(self, data: bytes) -> None:
        packet = parse_udp(data, 0, len(data))
        if packet is None or self._table is None:
            return  # the kernel's own talk on a new interface (router solicitations), which concerns nobody
        if packet.fragment:
            self._stats.fragments_direct += 1
            self._send_on(data, packet.destination)
            return
        flow = self._table.flow_of(packet, NO_INTERFACE)
        if flow is not None:
            payload = data[packet.payload_offset : packet.end]
            if self._handler is not None and self._handler(flow.key, payload) is Verdict.TAKEN:
                self._stats.captured += 1
                return
            self._stats.passed_direct += 1
        self._send_on(data, packet.destination)

    def _send_on(self, data: bytes, destination: bytes) -> None:
        if self._sender is not None:
            self._sender.send(data, destination)

    def deliver(self, flow: FlowKey, payload: bytes) -> None:
        known = self._table.known_flow(flow) if self._table is not None else None
        packet = build_reply(known, payload, self._stats) if known is not None else None
        if packet is None or self._device is None:
            return
        if self._device.write(packet):
            self._stats.delivered += 1
        else:
            count_error(self._stats, "deliver_refused")

    def send_direct(self, flow: FlowKey, payload: bytes) -> None:
        known = self._table.known_flow(flow) if self._table is not None else None
        packet = build_original(known, payload, self._stats) if known is not None else None
        if known is None or packet is None or self._sender is None:
            return
        if self._sender.send(packet, known.remote_address):
            self._stats.passed_direct += 1

    async def close(self) -> None:
        # The rules go first and without waiting for anything, so that a cancelled close has done what matters.
        if self._monitor is not None:
            self._monitor.close()
            self._monitor = None
        plan, self._plan = self._plan, None
        if plan is not None and self._handler is not None:
            self._remove_rules(plan)
        self._handler = None
        device, self._device = self._device, None
        if device is not None:
            self._empty(device)
            device.close()
        if self._sender is not None:
            self._sender.close()
            self._sender = None
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is not None:
            watchdog.release()
        rerouting, self._rerouting = self._rerouting, None
        if rerouting is not None:
            await rerouting

    def _remove_rules(self, plan: TunPlan) -> None:
        with contextlib.suppress(OSError), Netlink() as netlink:
            for rule in plan.rules:
                try:
                    delete_rule(netlink, rule)
                except OSError as error:
                    if error.errno != errno.EAFNOSUPPORT:
                        count_error(self._stats, "rule_left")

    def _empty(self, device: TunDevice) -> None:
        """What still waits in the device goes straight."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(device.fileno())
        for _ in range(QUEUE_PACKETS):
            data = device.read()
            if data is None:
                return
            self._take_packet(data)
