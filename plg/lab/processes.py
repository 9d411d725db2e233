"""Child processes with one owner, on this machine or in a namespace: started, watched, and never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

STOP_GRACE_S = 8.0
"""A child gets this long to end by itself after SIGTERM: the client first ends its session at the server, which may be slow."""

COMMAND_TIMEOUT_S = 60.0
"""No command of the lab takes this long, even on a loaded machine."""

Process = subprocess.Popen[bytes]


class LabError(Exception):
    """The lab cannot be built here, or a command in it failed. The text is one line for a person."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ran to its end."""

    exit_code: int
    stdout: str
    stderr: str


class Place(Protocol):
    """Where commands run: this machine, or one of the lab's hosts."""

    def run(
        self,
        argv: Sequence[str],
        *,
        input_text: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = COMMAND_TIMEOUT_S,
        check: bool = True,
    ) -> Finished:
        """Run a command to its end. Raises LabError when it cannot run, takes too long, or (with `check`) fails."""

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int | IO[bytes] | None = subprocess.DEVNULL,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> Process:
        """Start a command that the place's owner stops at its end. It has a process group of its own: Ctrl-C reaches only us."""


class ProcessOwner:
    """Knows every process it was given and ends them all, last started first.

    One thread may still be starting processes while another closes: whatever comes after `close` is ended at once.
    """

    def __init__(self) -> None:
        self._processes: list[Process] = []
        self._closed = False

    def own(self, process: Process) -> None:
        """Raises LabError, with the process ended, after `close`."""
        self._processes.append(process)
        if self._closed:
            self.close()
            raise LabError("everything is being ended: no new process")

    def stop(self, process: Process, grace_s: float = STOP_GRACE_S) -> int:
        """End one process politely, then firmly; returns its exit code (negative: the signal)."""
        _stop_all([process], grace_s)
        if process in self._processes:
            self._processes.remove(process)
        return process.returncode

    def close(self, grace_s: float = STOP_GRACE_S) -> None:
        """End all of them, for good. May be called twice."""
        self._closed = True
        _stop_all(list(reversed(self._processes)), grace_s)
        self._processes.clear()


class ThisMachine:
    """The machine itself as a place: loopback, no rights needed."""

    def __init__(self, owner: ProcessOwner) -> None:
        self._owner = owner

    def run(
        self,
        argv: Sequence[str],
        *,
        input_text: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = COMMAND_TIMEOUT_S,
        check: bool = True,
    ) -> Finished:
        return run_command(argv, input_text=input_text, env=env, timeout_s=timeout_s, check=check)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int | IO[bytes] | None = subprocess.DEVNULL,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> Process:
        process = start_process(argv, env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr)
        self._owner.own(process)
        return process


def start_process(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None,
    cwd: Path | None,
    stdin: int | IO[bytes] | None,
    stdout: int | IO[bytes] | None,
    stderr: int | IO[bytes] | None,
) -> Process:
    """Start `argv` in a process group of its own. Raises LabError when there is no such command."""
    try:
        return subprocess.Popen(  # noqa: S603 - running what the caller names is what a lab is for
            list(argv), env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )
    except FileNotFoundError as error:
        raise LabError(f"the command '{argv[0]}' is missing") from error


def run_command(
    argv: Sequence[str],
    *,
    input_text: str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = COMMAND_TIMEOUT_S,
    check: bool = True,
) -> Finished:
    """Run `argv` to its end; the errors of `Place.run`."""
    try:
        done = subprocess.run(  # noqa: S603 - an argument list of our own, no shell
            list(argv),
            input=input_text,
            stdin=subprocess.DEVNULL if input_text is None else None,
            env=env,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"the command '{argv[0]}' is missing") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"'{' '.join(argv)}' did not end within {timeout_s:g} s") from error
    if check and done.returncode != 0:
        said = " ".join((done.stderr or done.stdout).split())
        raise LabError(f"'{' '.join(argv)}' failed with exit code {done.returncode}: {said}")
    return Finished(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Half a clean-up is worse than a slow one: SIGINT waits until it is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop_all(processes: Sequence[Process], grace_s: float) -> None:
    for process in processes:
        _ask_to_end(process)
    deadline = time.monotonic() + grace_s
    for process in processes:
        try:
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill(process)
            process.wait()
        # A wrapper script may be gone while what it started lives on.
        _kill(process)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


if sys.platform == "win32":

    def _ask_to_end(process: Process) -> None:
        process.terminate()

    def _kill(process: Process) -> None:
        process.kill()

else:

    def _ask_to_end(process: Process) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)

    def _kill(process: Process) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
