"""Which local UDP ports belong to the game's programs.

The answer is wanted in the middle of a packet burst, so it is cached: a port that is known costs a dictionary look-up, an
unknown one a scan of the few processes that carry the right name, and a full look at all processes happens at a bounded rate.
The owner of a port is its socket (the inode): as long as that lives the answer stays, so a flow never changes sides.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from plg.machine.game_matching import INTERPRETERS, LOADER_ARGUMENTS, LOADERS, script_of

COMM_LENGTH = 15
"""Characters of a program's name that Linux keeps in /proc/PID/comm."""

CHECK_AGAIN_S = 5.0
"""A port's answer is compared with its socket this often; ports are rarely given to another program sooner."""

FULL_SCANS_PER_SECOND = 5.0
FULL_SCAN_BURST = 5.0
"""A full look at /proc takes 3-5 ms: at most 2.5 % of a core, however many unknown ports a flood shows."""

MAX_KNOWN_PORTS = 4096
"""Then the oldest answers are forgotten; a machine has a few dozen UDP sockets."""

MAX_COMMAND_LINE_BYTES = 4096


class Ownership(Enum):
    """Whose port it is. UNKNOWN: nobody's yet, or the scan budget is used up; ask again with the next packet."""

    GAME = "game"
    OTHER = "other"
    UNKNOWN = "unknown"


class PortScanner(Protocol):
    """How an operating system tells about sockets."""

    def socket_of(self, port: int) -> object | None:
        """Something that stays equal as long as the socket on this UDP port lives; None when there is none."""

    def game_sockets(self, *, full: bool) -> frozenset[object]:
        """Sockets of the game's programs. `full` looks for new processes too."""


@dataclass(slots=True)
class _Answer:
    ownership: Ownership
    socket: object
    checked_at_s: float


class ProcessPorts:
    """Answers `owner_of(port)` from a cache over a scanner. Used from one thread."""

    def __init__(self, scanner: PortScanner, clock: Callable[[], float] = time.monotonic) -> None:
        self._scanner = scanner
        self._clock = clock
        self._answers: dict[int, _Answer] = {}
        self._budget = FULL_SCAN_BURST
        self._refilled_at_s = clock()

    def owner_of(self, port: int) -> Ownership:
        now_s = self._clock()
        known = self._answers.get(port)
        if known is not None and now_s - known.checked_at_s < CHECK_AGAIN_S:
            return known.ownership
        current = self._scanner.socket_of(port)
        if known is not None and current is not None and known.socket == current:
            known.checked_at_s = now_s
            return known.ownership
        self._answers.pop(port, None)
        if current is None:
            return Ownership.UNKNOWN
        if current in self._scanner.game_sockets(full=False):
            return self._remember(port, Ownership.GAME, current, now_s)
        if not self._spend_scan(now_s):
            return Ownership.UNKNOWN
        found = current in self._scanner.game_sockets(full=True)
        return self._remember(port, Ownership.GAME if found else Ownership.OTHER, current, now_s)

    def _remember(self, port: int, ownership: Ownership, socket: object, now_s: float) -> Ownership:
        if len(self._answers) >= MAX_KNOWN_PORTS:
            self._answers.pop(next(iter(self._answers)))
        self._answers[port] = _Answer(ownership, socket, now_s)
        return ownership

    def _spend_scan(self, now_s: float) -> bool:
        earned = (now_s - self._refilled_at_s) * FULL_SCANS_PER_SECOND
        self._budget = min(FULL_SCAN_BURST, self._budget + earned)
        self._refilled_at_s = now_s
        if self._budget < 1.0:
            return False
        self._budget -= 1.0
        return True


class ProgramNames:
    """Matches processes against a list of program names, without regard to case or folders."""

    def __init__(self, executables: Iterable[str]) -> None:
        self._names = frozenset(base_name(name) for name in executables if name)
        self._cut = frozenset(name[:COMM_LENGTH] for name in self._names)

    def match_process(self, comm: str, command_line: list[str]) -> bool:
        """`comm` may be cut at 15 characters; then the command line must agree."""
        comm = comm.casefold()
        if comm in self._names:
            return True
        if not command_line:
            return comm in self._cut and len(comm) == COMM_LENGTH
        program, arguments = base_name(command_line[0]), command_line[1:]
        if program in self._names:
            return True
        if INTERPRETERS.match(program):
            # Only the script counts, not what it was told: `plg connect cs2` is not cs2.
            script = script_of(arguments)
            if script is None or base_name(script) in self._names:
                return script is not None
            program, arguments = base_name(script), arguments[arguments.index(script) + 1 :]
        if not LOADERS.match(program):
            return False
        return any(base_name(argument) in self._names for argument in arguments[:LOADER_ARGUMENTS])


def base_name(path: str) -> str:
    """The last part of a path with either kind of slash (Wine shows Windows paths), lower case."""
    return re.split(r"[/\\]", path.strip())[-1].casefold()


class LinuxPortScanner:
    """Reads /proc. Sees the network namespace of this process, and processes whose files we may read (same user, or root)."""

    def __init__(self, executables: Iterable[str], proc: Path = Path("/proc")) -> None:
        self._names = ProgramNames(executables)
        self._proc = proc
        self._game_pids: list[str] = []

    def socket_of(self, port: int) -> object | None:
        wanted = f":{port:04X}"
        for table in ("udp", "udp6"):
            try:
                lines = (self._proc / "self" / "net" / table).read_text(encoding="ascii", errors="replace").splitlines()
            except OSError:
                continue
            for line in lines[1:]:
                fields = line.split(maxsplit=10)
                if len(fields) > 9 and fields[1].endswith(wanted):
                    return fields[9]
        return None

    def game_sockets(self, *, full: bool) -> frozenset[object]:
        if full:
            self._game_pids = [pid for pid in _names_in(str(self._proc)) if pid.isdigit() and self._is_game(pid)]
        found: set[object] = set()
        for pid in self._game_pids:
            folder = f"{self._proc}/{pid}/fd"
            for name in _names_in(folder):
                try:
                    target = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - hundreds for one answer
                except OSError:
                    continue
                if target.startswith("socket:["):
                    found.add(target[8:-1])
        return frozenset(found)

    def _is_game(self, pid: str) -> bool:
        try:
            comm = (self._proc / pid / "comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
            with (self._proc / pid / "cmdline").open("rb") as file:
                arguments = file.read(MAX_COMMAND_LINE_BYTES).decode(errors="replace").split("\0")
        except OSError:
            return False
        return self._names.match_process(comm, [argument for argument in arguments if argument])


def _names_in(folder: str) -> list[str]:
    """Empty for the folder of a process that has ended or is another user's."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - Path objects would double the time of a scan
    except OSError:
        return []


class PsutilPortScanner:
    """For Windows (works elsewhere too): the system's own table of UDP sockets through psutil, read anew for each question."""

    def __init__(self, executables: Iterable[str]) -> None:
        self._names = ProgramNames(executables)
        self._known_pids: dict[int, tuple[float, bool]] = {}

    def socket_of(self, port: int) -> object | None:
        for pid, local_port in self._udp_sockets():
            if local_port == port:
                return pid, local_port
        return None

    def game_sockets(self, *, full: bool) -> frozenset[object]:
        if full:
            self._known_pids.clear()
        return frozenset((pid, port) for pid, port in self._udp_sockets() if self._is_game(pid, look=full))

    def _udp_sockets(self) -> Iterable[tuple[int, int]]:
        import psutil

        try:
            connections = psutil.net_connections(kind="udp")
        except (psutil.Error, OSError):
            return
        for connection in connections:
            if connection.pid is not None and connection.laddr:
                yield connection.pid, connection.laddr.port

    def _is_game(self, pid: int, *, look: bool) -> bool:
        import psutil

        known = self._known_pids.get(pid)
        if known is not None:
            return known[1]
        if not look:
            return False
        try:
            process = psutil.Process(pid)
            answer = (process.create_time(), self._names.match_process(process.name(), process.cmdline()[:8]))
        except (psutil.Error, OSError):
            return False
        self._known_pids[pid] = answer
        return answer[1]


def open_process_ports(executables: tuple[str, ...]) -> ProcessPorts | None:
    """The right scanner for this system; None when every program counts."""
    if not executables:
        return None
    scanner: PortScanner
    if sys.platform.startswith("linux"):
        scanner = LinuxPortScanner(executables)
    else:
        scanner = PsutilPortScanner(executables)
    return ProcessPorts(scanner)
