"""Watching what a process sends by UDP: packets from the system's tap with the right for it, else what the table of sockets tells."""

import asyncio
import contextlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from plg.machine.profile_learning import FlowSeen

if TYPE_CHECKING:
    from plg.capture.ip_udp import UdpPacket

PORTS_EVERY_S: Final = 0.25
"""Implementation. A socket that lives shorter than this carries no match."""
MAX_FLOWS: Final = 4096
"""Implementation. A server list has a few hundred; what is beyond is not counted."""

_Key = tuple[int, bytes, int]


@dataclass(slots=True)
class _Count:
    packets: int
    first_s: float
    last_s: float


@dataclass(slots=True)
class Sightings:
    """What was seen of one machine's UDP. `tapped` is false where packets could not be counted."""

    tapped: bool = False
    began_s: float = field(default_factory=time.monotonic)
    _counts: dict[_Key, _Count] = field(default_factory=dict)
    _ports: set[int] = field(default_factory=set)
    _connected: dict[tuple[int, str, int], float] = field(default_factory=dict)

    def saw_packet(self, packet: "UdpPacket") -> None:
        """One outgoing packet, of whatever program."""
        key = (packet.source_port, packet.destination, packet.destination_port)
        now_s = time.monotonic()
        count = self._counts.get(key)
        if count is not None:
            count.packets += 1
            count.last_s = now_s
        elif len(self._counts) < MAX_FLOWS:
            self._counts[key] = _Count(1, now_s, now_s)

    def saw_sockets(self, pids: Iterable[int]) -> None:
        """The UDP sockets of these processes as they are now; processes that are gone or not ours are passed over."""
        import psutil

        for pid in pids:
            try:
                sockets = psutil.Process(pid).net_connections(kind="udp")
            except (psutil.Error, OSError):
                continue
            for socket in sockets:
                if not socket.laddr:
                    continue
                self._ports.add(socket.laddr.port)
                if socket.raddr and len(self._connected) < MAX_FLOWS:
                    self._connected.setdefault(
                        (socket.laddr.port, socket.raddr.ip, socket.raddr.port), time.monotonic()
                    )

    def flows(self) -> list[FlowSeen]:
        """What the processes' own sockets sent, the busiest first."""
        found = [
            FlowSeen(port, ip_address(address), to_port, count.packets, count.last_s - count.first_s)
            for (port, address, to_port), count in self._counts.items()
            if port in self._ports
        ]
        if not self.tapped:
            now_s = time.monotonic()
            found = [
                FlowSeen(port, ip_address(address.partition("%")[0]), to_port, None, now_s - first_s)
                for (port, address, to_port), first_s in self._connected.items()
            ]
        return sorted(found, key=lambda flow: -(flow.packets or 0))

    @property
    def local_ports(self) -> int:
        """How many UDP ports the processes had."""
        return len(self._ports)


async def observe(pids: Iterable[int], seconds: float, enough: asyncio.Event) -> Sightings:
    """Watch for so long, or until there is `enough`."""
    from plg.capture.packet_tap import PacketTap

    sightings = Sightings()
    watched = list(pids)
    tap: PacketTap | None = None
    try:
        try:
            tap = PacketTap(sightings.saw_packet)
            sightings.tapped = True
        except (OSError, AttributeError):
            pass  # no right to, or another system: the table of sockets has to do
        deadline_s = time.monotonic() + seconds
        while True:
            sightings.saw_sockets(watched)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or enough.is_set():
                return sightings
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(PORTS_EVERY_S, left_s)):
                    await enough.wait()
    finally:
        if tap is not None:
            tap.close()


def find_processes(wanted: str) -> dict[int, list[str]]:
    """Processes by number or name -> the names that each is known by. Empty when there is none."""
    import psutil

    from plg.machine.game_processes import running_games

    pids = [int(wanted)] if wanted.isascii() and wanted.isdecimal() and len(wanted) < 10 else []
    if not pids:
        pids = running_games({"wanted": [wanted]}).get("wanted", [])
    found: dict[int, list[str]] = {}
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found[pid] = program_names(process.name(), process.cmdline())
        except (psutil.Error, OSError):
            continue
    return found


def program_names(name: str, arguments: list[str]) -> list[str]:
    """What a profile is to call a process: its Windows program where Wine runs one, the script of an interpreter, else its own name."""
    from plg.machine.game_matching import COMM_LENGTH, GameMatcher, ProgramSeen

    bases = [base for argument in arguments[:5] if (base := re.split(r"[/\\]", argument)[-1])]
    windows = next((base for base in bases if base.casefold().endswith(".exe")), None)
    if windows is not None:
        return [windows]
    # The base of the first argument tells a long name whole; a script is what an interpreter is told to run.
    seen = ProgramSeen(name, tuple(arguments))
    known = [base for base in bases if GameMatcher({"it": [base]}).games(seen)]
    if len(name) >= COMM_LENGTH or not name:
        return known[:1] or [name]
    return list(dict.fromkeys([name, *known[1:2]]))
