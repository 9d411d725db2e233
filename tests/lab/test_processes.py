"""Child processes are started, watched, and never left behind."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from plg.lab.processes import LabError, ProcessOwner, ThisMachine, interrupts_ignored, run_command
from support.requirements import require_linux

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_command_gives_its_output_and_exit_code() -> None:
    done = run_command(
        [sys.executable, "-c", "import sys; print(input()); sys.exit(3)"], input_text="hi\n", check=False
    )
    assert (done.exit_code, done.stdout) == (3, "hi\n")


def test_a_command_that_fails_hangs_or_is_missing_is_told_in_one_line() -> None:
    with pytest.raises(LabError, match=r"failed with exit code 1: one two$"):
        run_command([sys.executable, "-c", "import sys; sys.exit('one\\ntwo')"])
    with pytest.raises(LabError, match=r"did not end within 0.2 s$"):
        run_command(SLEEP, timeout_s=0.2)
    with pytest.raises(LabError, match="the command 'no-such-command' is missing"):
        run_command(["no-such-command"])
    with pytest.raises(LabError, match="the command 'no-such-command' is missing"):
        ThisMachine(ProcessOwner()).spawn(["no-such-command"])


def test_an_owner_ends_everything_it_was_given() -> None:
    owner = ProcessOwner()
    here = ThisMachine(owner)
    processes = [here.spawn(SLEEP) for _ in range(3)]
    assert owner.stop(processes[0]) != 0
    assert processes[1].poll() is None
    owner.close()
    owner.close()
    assert all(process.poll() is not None for process in processes)


def test_a_child_that_ignores_the_polite_signal_is_killed_and_its_own_children_too(tmp_path: Path) -> None:
    require_linux()
    owner = ProcessOwner()
    child_pid = tmp_path / "pid"
    script = f"trap '' TERM; sleep 600 & echo $! > {child_pid}; wait"
    process = ThisMachine(owner).spawn(["sh", "-c", script])
    while not child_pid.exists() or not child_pid.read_text().strip():
        time.sleep(0.01)
    assert owner.stop(process, grace_s=0.3) == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while _alive(int(child_pid.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_interrupts_wait_until_the_clean_up_is_done() -> None:
    require_linux()
    with interrupts_ignored():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_in_another_thread_interrupts_are_left_alone() -> None:
    seen: list[object] = []

    def work() -> None:
        with interrupts_ignored():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


def test_what_is_started_after_the_end_is_ended_at_once() -> None:
    owner = ProcessOwner()
    owner.close()
    with pytest.raises(LabError, match="everything is being ended"):
        ThisMachine(owner).spawn(SLEEP)
