"""A keeper as a process of its own, with relays that die, leave, do not start."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.fake_systemd import FakeSystemd
from support.kept_relay import CID, KeptRelay, kept_relay
from support.requirements import require_linux

LARGEST_KEEPER_KB = 25 * 1024


@pytest.fixture(autouse=True)
def _only_on_linux() -> None:
    require_linux()


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def wait_for_spare(relay: KeptRelay) -> int:
    """The process beside the one that serves, when it asks for its turn; it is loaded then."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if len(found := children(relay.process.pid)) == 2:
            time.sleep(0.5)
            return found[1]
        time.sleep(0.05)
    raise AssertionError("no spare process")


def test_a_relay_that_is_killed_starts_again_with_its_sockets_and_knows_how_often(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "s") as relay:
        first = relay.next_life()
        assert (first["named"], first["counts"]) == ([], [0, 0])
        for crashes in (1, 2, 3):
            os.kill(children(relay.process.pid)[0], signal.SIGKILL)
            again = relay.next_life()
            assert again["ports"] == first["ports"]
            assert (again["named"], again["counts"]) == (["front0-1"], [crashes, 0])
        assert "killed by signal 9; starting again at once" in relay.told()


def test_the_keeper_is_the_process_that_was_started_and_small(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "s") as relay:
        life = relay.next_life()
        assert children(relay.process.pid) == [life["pid"]]
        assert resident_kb(relay.process.pid) < LARGEST_KEEPER_KB


def test_while_no_relay_runs_nobody_is_told_that_the_port_is_closed(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "ks", per_minute=100) as relay, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        life = relay.next_life()
        game.connect(("127.0.0.1", life["ports"][0]))
        for _ in range(100):  # ECONNREFUSED would come with the send after an ICMP answer
            game.send(b"?")
            time.sleep(0.005)
        assert relay.next_life()["ports"] == life["ports"]


def test_sigterm_is_passed_on_and_the_relays_exit_code_is_the_end(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "s", spare=True) as relay:
        relay.next_life()
        spare = wait_for_spare(relay)
        relay.process.send_signal(signal.SIGTERM)
        assert relay.ended() == 7
        assert not Path(f"/proc/{spare}/cmdline").exists() or not Path(f"/proc/{spare}/cmdline").read_bytes()


def test_ctrl_c_reaches_the_whole_group_and_counts_once(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "s") as relay:
        life = relay.next_life()
        os.kill(life["pid"], signal.SIGINT)
        os.kill(life["pid"], signal.SIGTERM)
        time.sleep(0.2)
        assert relay.process.poll() is None
        relay.process.send_signal(signal.SIGINT)
        assert relay.ended() == 7


def test_sighup_replaces_the_relay_and_its_sockets_stay(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "s") as relay:
        first = relay.next_life()
        relay.process.send_signal(signal.SIGHUP)
        second = relay.next_life()
        assert second["pid"] != first["pid"]
        assert (second["ports"], second["counts"]) == (first["ports"], [0, 1])
        assert children(relay.process.pid) == [second["pid"]]


def test_sighup_while_the_relay_starts_is_obeyed_when_it_serves(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "ds") as relay:
        while not children(relay.process.pid) or b"plg_relay.keeper" not in command_of(relay.process.pid):
            assert relay.process.poll() is None
        relay.process.send_signal(signal.SIGHUP)
        first, second = relay.next_life(), relay.next_life()
    assert (first["counts"], second["counts"]) == ([1, 0], [1, 1])


def test_a_replacement_that_does_not_start_leaves_the_old_relay_alone(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "s") as relay:
        first = relay.next_life()
        relay.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while len(found := children(relay.process.pid)) < 2:
            assert time.monotonic() < deadline
        os.kill(found[1], signal.SIGKILL)
        while "goes on as it is" not in relay.told():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert "a new relay process did not come up (killed by signal 9)" in relay.told()
        assert children(relay.process.pid) == [first["pid"]]


def test_a_spare_takes_over_without_being_started_first(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "s", spare=True) as relay:
        first = relay.next_life()
        spare = wait_for_spare(relay)
        os.kill(first["pid"], signal.SIGKILL)
        second = relay.next_life()
        assert (second["pid"], second["ports"]) == (spare, first["ports"])


def test_after_too_many_deaths_within_a_minute_it_ends_with_one_clear_line(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "k", per_minute=4) as relay:
        assert relay.ended() == 1
        lines = [line for line in relay.told().splitlines() if " ERROR " in line]
        assert len(lines) == 5
        assert "giving up" in lines[-1]
        assert "5th time within a minute" in lines[-1]
        assert [line.rpartition("starting again ")[2] for line in lines[:-1]] == [
            "at once", "in 0.1 s", "in 0.2 s", "in 0.4 s",
        ]  # fmt: skip


def test_the_first_to_serve_knows_that_it_is_the_first_whoever_died_before(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "dks") as relay:
        first, second = relay.next_life(), relay.next_life()
    assert (first["counts"], first["is_first"]) == ([1, 0], True)
    assert (second["counts"], second["is_first"]) == ([2, 0], False)


def test_an_exit_code_of_a_relay_that_served_is_a_crash_too(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "es") as relay:
        first, second = relay.next_life(), relay.next_life()
        assert (second["ports"], second["counts"]) == (first["ports"], [1, 0])
        assert "exit code 3; starting again" in relay.told()


@pytest.mark.parametrize(("steps", "code"), [("c", 10), ("z", 0), ("kc", 10)])
def test_what_another_start_would_not_mend_ends_the_keeper_with_the_same_code(
    tmp_path: Path, steps: str, code: int
) -> None:
    with kept_relay(tmp_path, steps) as relay:
        assert relay.ended() == code


def test_a_keeper_that_dies_takes_the_relay_with_it(tmp_path: Path) -> None:
    with kept_relay(tmp_path, "s") as relay:
        life = relay.next_life()
        relay.process.kill()
        relay.process.wait()
        deadline = time.monotonic() + 10
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            while True:
                try:
                    probe.bind(("127.0.0.1", life["ports"][0]))
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)


def test_a_restart_of_the_whole_service_gets_the_sockets_from_the_service_manager(tmp_path: Path) -> None:
    manager = FakeSystemd(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        with kept_relay(tmp_path, "s", environ=manager.environ) as relay:
            first = relay.next_life()
            deadline = time.monotonic() + 20
            while len(manager.listen()) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            relay.process.kill()
            relay.process.wait()
        port = first["ports"][0]
        assert manager.listen() == ["front0-1", f"game4-{port}-{CID:016x}"]
        game.connect(("127.0.0.1", port))
        for _ in range(10):  # nobody of the relay lives: the port is open all the same
            game.send(b"?")
            time.sleep(0.01)
        launcher, passed = manager.next_start()
        with kept_relay(tmp_path, "s", environ=manager.environ, passed=passed, launcher=launcher) as relay:
            again = relay.next_life()
            assert (again["ports"], again["named"], again["counts"]) == ([port], ["front0-1"], [0, 0])
            os.kill(again["pid"], signal.SIGKILL)
            assert relay.next_life()["ports"] == [port]
            assert "2 sockets are back from the service manager" in relay.told()
            for _ in range(10):
                game.send(b"?")
                time.sleep(0.01)
    manager.close()


def test_a_terminal_that_is_closed_ends_the_relay(tmp_path: Path) -> None:
    leader, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "support.kept_relay", "10", "0", "0", "s"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    ) as relay:
        assert relay.stdout is not None
        assert relay.stdout.readline()
        relay.send_signal(signal.SIGHUP)
        assert relay.wait(30) == 7
    os.close(leader)
    os.close(terminal)
