"""A tiny second process that cleans up when this one dies without a word (kill -9, out of memory, a crash in C).

Without it a dead client's filters swallow the game's packets for three seconds, until the kernel part notices. The child
holds the reading end of a pipe: a line is the newest list of what to undo, GOODBYE means that all is clean, and the end of the
pipe without it means that the parent is dead. The parent half is `Watchdog`, the child half `run_child`. Linux only.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from plg.capture.leavings import (
    JOURNAL_PREFIX,
    Leavings,
    leavings_from_json,
    undo,
    write_journal,
)
from plg.machine.change_journal import ProcessIdentity, identify_process

GOODBYE = b"bye\n"
READY = b"ok\n"

END_GRACE_S = 3.0
"""The child leaves within milliseconds of GOODBYE; this bounds a loaded machine."""

CHILD_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from plg.capture.watchdog import run_child; "
    "run_child(sys.argv[2], int(sys.argv[3]))"
)
"""Run with -I -S: no site packages, no user settings, so the child is up in about 20 ms."""

RESTORE_CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from plg.cli.root import main; main()"
"""A word for the interpreter, not an import: this room knows no commands."""

FROZEN_WORD = "--clean-up-watchdog"
"""A frozen program is no interpreter: started with this word, a directory and a process id, it is the child and no command."""


class WatchdogError(Exception):
    """The watchdog cannot be started or has gone. The text is one line."""


class Watchdog:
    """The parent's half. `start` and `arm` wait for the child's word (milliseconds): call them off the event loop."""

    def __init__(self, runtime_directory: Path) -> None:
        self._directory = runtime_directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Raises WatchdogError."""
        from plg.machine.service_rights import passed_on  # not for the child, which is up the sooner

        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Its own session: Ctrl-C in the terminal is for the parent, which then cleans up itself.
            with passed_on():
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                    child_command(self._directory),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            raise WatchdogError(f"cannot start the clean-up watchdog: {error}") from error
        self._expect_ready()

    def arm(self, leavings: Leavings) -> None:
        """Replace the list of what to undo. Raises WatchdogError."""
        process = self._process
        if process is None or process.stdin is None:
            raise WatchdogError("the clean-up watchdog is not running")
        try:
            process.stdin.write(json.dumps(leavings.to_json()).encode() + b"\n")
            process.stdin.flush()
        except OSError as error:
            raise WatchdogError(f"the clean-up watchdog has gone: {error}") from error
        self._expect_ready()

    def release(self) -> None:
        """Say that all is clean and wait for the child to leave. May be called twice."""
        process, self._process = self._process, None
        if process is None or process.stdin is None or process.stdout is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.write(GOODBYE)
            process.stdin.flush()
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(END_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _expect_ready(self) -> None:
        if self._process is None or self._process.stdout is None or self._process.stdout.readline() != READY:
            self.release()
            raise WatchdogError("the clean-up watchdog did not come up")


def child_command(directory: Path) -> list[str]:
    """The child's command line for this process as its parent."""
    words = [str(directory), str(os.getpid())]
    if getattr(sys, "frozen", False):
        return [sys.executable, FROZEN_WORD, *words]
    package_root = str(Path(__file__).resolve().parents[2])
    return [sys.executable, "-I", "-S", "-c", CHILD_CODE, package_root, *words]


def run_child(directory: str, owner_pid: int) -> None:
    """The child's whole life. Ends by itself when the parent says goodbye or dies.

    `owner_pid` is the parent's: between it and the child a frozen single file has a process of its own.
    """
    # Whoever stops the parent politely may signal its whole group; only the pipe decides here.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    owner = identify_process(owner_pid) or ProcessIdentity(owner_pid, 0)
    journal = Path(directory) / f"{JOURNAL_PREFIX}{os.getpid()}.json"
    leavings = _follow(sys.stdin.buffer, sys.stdout.buffer, journal, owner)
    if leavings is not None:
        undo(leavings)
    with contextlib.suppress(OSError):
        journal.unlink(missing_ok=True)
    if leavings is not None:  # the packets came first; what else the dead process changed can take its time
        _restore()


def _restore() -> None:
    """`plg restore`, when something is written down: this bare interpreter does not know how each change is undone."""
    from plg.machine.change_journal import PREFIX, SUFFIX, journal_directory

    with contextlib.suppress(OSError):
        if not any(journal_directory(os.environ).glob(f"{PREFIX}*{SUFFIX}")):
            return
        package_root = str(Path(__file__).resolve().parents[2])
        frozen = bool(getattr(sys, "frozen", False))
        argv = [sys.executable] if frozen else [sys.executable, "-I", "-c", RESTORE_CODE, package_root]
        subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [*argv, "restore", "--no-input"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )


def _follow(orders: BinaryIO, answers: BinaryIO, journal: Path, owner: ProcessIdentity) -> Leavings | None:
    """Read orders until the end; returns what is left to undo, None after a goodbye."""
    leavings = Leavings()
    _answer(answers)
    for line in orders:
        if line == GOODBYE:
            return None
        try:
            leavings = leavings_from_json(json.loads(line))
        except ValueError:
            continue  # a line that the parent's death cut short
        with contextlib.suppress(OSError):  # a full disk must not stop the watch
            write_journal(journal, owner, leavings)
        _answer(answers)
    return leavings


def _answer(answers: BinaryIO) -> None:
    with contextlib.suppress(OSError):
        answers.write(READY)
        answers.flush()
