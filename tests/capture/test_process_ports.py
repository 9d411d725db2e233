"""Which ports are the game's: names of processes, sockets, and a scan that cannot be made to run too often."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from plg.capture.process_ports import (
    CHECK_AGAIN_S,
    FULL_SCAN_BURST,
    MAX_KNOWN_PORTS,
    LinuxPortScanner,
    Ownership,
    PortScanner,
    ProcessPorts,
    ProgramNames,
    PsutilPortScanner,
    open_process_ports,
)
from support.requirements import require_linux


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class TableScanner:
    """Sockets by port, and which of them the game has. Counts how often it is asked to look at everything."""

    def __init__(self) -> None:
        self.sockets: dict[int, str] = {}
        self.game: set[str] = set()
        self.found_by_full_scan: set[str] = set()
        self.full_scans = 0

    def socket_of(self, port: int) -> object | None:
        return self.sockets.get(port)

    def game_sockets(self, *, full: bool) -> frozenset[object]:
        if full:
            self.full_scans += 1
            self.found_by_full_scan |= self.game
        return frozenset(self.found_by_full_scan)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def scanner() -> TableScanner:
    return TableScanner()


@pytest.fixture
def ports(scanner: TableScanner, clock: Clock) -> ProcessPorts:
    return ProcessPorts(scanner, clock)


def test_a_known_port_is_not_looked_up_again(ports: ProcessPorts, scanner: TableScanner) -> None:
    scanner.sockets, scanner.game = {5000: "a", 6000: "b"}, {"a"}
    for _ in range(100):
        assert ports.owner_of(5000) is Ownership.GAME
        assert ports.owner_of(6000) is Ownership.OTHER
    assert scanner.full_scans == 2


def test_a_second_port_of_a_known_game_needs_no_full_scan(ports: ProcessPorts, scanner: TableScanner) -> None:
    scanner.sockets, scanner.game = {5000: "a", 5001: "c"}, {"a", "c"}
    assert ports.owner_of(5000) is Ownership.GAME
    assert ports.owner_of(5001) is Ownership.GAME
    assert scanner.full_scans == 1


def test_a_flood_of_unknown_ports_scans_at_a_bounded_rate(
    ports: ProcessPorts, scanner: TableScanner, clock: Clock
) -> None:
    scanner.sockets = {port: f"s{port}" for port in range(1000, 3000)}
    answers = [ports.owner_of(port) for port in range(1000, 3000)]
    assert scanner.full_scans == FULL_SCAN_BURST
    assert answers.count(Ownership.OTHER) == FULL_SCAN_BURST
    assert answers.count(Ownership.UNKNOWN) == 2000 - FULL_SCAN_BURST
    clock.now_s += 0.5
    assert [ports.owner_of(port) for port in range(2990, 3000)].count(Ownership.OTHER) == 2


def test_a_port_keeps_its_answer_as_long_as_its_socket_lives(
    ports: ProcessPorts, scanner: TableScanner, clock: Clock
) -> None:
    scanner.sockets, scanner.game = {5000: "a"}, {"a"}
    assert ports.owner_of(5000) is Ownership.GAME
    scanner.game.clear()
    scanner.found_by_full_scan.clear()
    clock.now_s += CHECK_AGAIN_S + 1
    assert ports.owner_of(5000) is Ownership.GAME
    scanner.sockets[5000] = "somebody else's"
    clock.now_s += CHECK_AGAIN_S + 1
    assert ports.owner_of(5000) is Ownership.OTHER


def test_a_port_without_a_socket_is_nobodys_yet(ports: ProcessPorts, scanner: TableScanner) -> None:
    assert ports.owner_of(5000) is Ownership.UNKNOWN
    assert scanner.full_scans == 0
    scanner.sockets, scanner.game = {5000: "a"}, {"a"}
    assert ports.owner_of(5000) is Ownership.GAME


def test_memory_is_bounded(ports: ProcessPorts, scanner: TableScanner, clock: Clock) -> None:
    scanner.sockets = dict.fromkeys(range(MAX_KNOWN_PORTS + 10), "a")
    scanner.game = {"a"}
    for port in scanner.sockets:
        assert ports.owner_of(port) is Ownership.GAME
        clock.now_s += 0.0001
    assert len(ports._answers) == MAX_KNOWN_PORTS


@pytest.mark.parametrize(
    ("comm", "command_line", "matches"),
    [
        ("cs2", ["/games/cs2/game/bin/linuxsteamrt64/cs2", "-steam"], True),
        ("CS2", [], True),
        ("cs2.sh", ["/bin/sh", "/games/cs2.sh"], False),
        ("VALORANT-Win64-", ["Z:\\games\\VALORANT-Win64-Shipping.exe"], True),
        ("VALORANT-Win64-", [], True),
        ("VALORANT-Win64-", ["/usr/bin/VALORANT-Win64-Toolbox"], False),
        ("wine64-preloade", ["/opt/wine/wine64-preloader", "/opt/wine/wine64", "C:\\dota\\DOTA2.EXE"], True),
        ("python3", ["/usr/bin/python3.11", "proton", "/games/dota2.exe"], True),
        ("vim", ["vim", "/games/cs2"], False),
        ("plg", ["/opt/plg/bin/python", "/opt/plg/bin/plg", "connect", "cs2"], False),
        ("python3", ["/usr/bin/python3", "-m", "plg", "connect", "cs2"], False),
        ("sh", ["/bin/sh", "-e", "/games/cs2"], False),
        ("sh", ["/bin/sh", "/games/cs2", "-steam"], True),
        ("", [""], False),
    ],
)
def test_names_match_whatever_the_system_makes_of_them(comm: str, command_line: list[str], matches: bool) -> None:
    names = ProgramNames(["cs2", "dota2.exe", "VALORANT-Win64-Shipping.exe"])
    assert names.match_process(comm, command_line) is matches


def own_program_as_others_see_it() -> str:
    return Path(f"/proc/{os.getpid()}/comm").read_text().strip()


@pytest.mark.parametrize("scanner_type", [LinuxPortScanner, PsutilPortScanner])
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_real_program_is_told_from_another(
    scanner_type: type[LinuxPortScanner | PsutilPortScanner], family: socket.AddressFamily, tmp_path: Path
) -> None:
    require_linux()
    code = """
import socket, sys
sock = socket.socket(int(sys.argv[1]), socket.SOCK_DGRAM)
sock.bind(("", 0))
print(sock.getsockname()[1], flush=True)
sys.stdin.read()
"""
    started = []
    for name in ("the-game-we-want", "another-program"):
        program = tmp_path / name
        program.write_text(f"#!{sys.executable} -I\n{code}")
        program.chmod(0o755)
        process = subprocess.Popen([program, str(int(family))], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        started.append((process, int(process.stdout.readline())))
    scanner: PortScanner = scanner_type(["The-Game-We-Want"])
    ports = ProcessPorts(scanner)
    try:
        assert ports.owner_of(started[0][1]) is Ownership.GAME
        assert ports.owner_of(started[1][1]) is Ownership.OTHER
    finally:
        for process, _ in started:
            process.communicate()


def test_a_process_that_vanishes_in_the_middle_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "123").mkdir()
    (tmp_path / "124").mkdir()
    (tmp_path / "124" / "comm").write_text("game\n")
    (tmp_path / "124" / "cmdline").write_bytes(b"game\0")
    scanner = LinuxPortScanner(["game"], proc=tmp_path)
    assert scanner.game_sockets(full=True) == frozenset()
    assert scanner.socket_of(5000) is None


def test_without_names_every_program_counts() -> None:
    assert open_process_ports(()) is None
    assert isinstance(open_process_ports(("game",)), ProcessPorts)
