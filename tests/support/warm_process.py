"""Starts `python -m plg` quickly: a process that has imported everything forks one for each command.

Most of a short command's time is Python's start and its imports, and the tests run some two thousand of them. What the command does
is the same: a process of its own, with its own arguments, environment, folder and pipes. Tests about the start itself start Python.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn

MAX_ORDER_BYTES: Final = 1 << 17
"""Arguments and environment of one command in one message."""

LANGUAGE: Final = "C.UTF-8"
"""Python settles the encoding of its standard files at its start: only commands in this one can be forked."""

_PRELOADED: Final = ("plg.cli", "plg.api", "plg.contract", "plg_server")
_ALSO: Final = (
    "plg.tunnel.control_client",
    "plg.tunnel.connect",
    "aiohttp",
    "uvloop",
    "rich.live",
    "rich.table",
    "psutil",
)


class WarmProcess:
    """One for each worker of the test run and each setting of Python itself."""

    _of: Final[dict[tuple[tuple[str, str], ...], "WarmProcess"]] = {}

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # It ends when this process has ended: then nobody holds the other end.
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
            )

    @classmethod
    def for_environment(cls, environ: Mapping[str, str]) -> "WarmProcess | None":
        """The one that can fork commands with this environment, started at its first use; None when each needs its own start."""
        if environ.get("LANG") != LANGUAGE or any(name.startswith("LC_") for name in environ):
            return None
        own = tuple(sorted((name, value) for name, value in environ.items() if name.startswith("PYTHON")))
        if own not in cls._of:
            cls._of[own] = cls(environ)
        return cls._of[own]

    def run(
        self, arguments: Sequence[str], environ: Mapping[str, str], stdin: str, timeout_s: float
    ) -> "subprocess.CompletedProcess[str]":
        """The command to its end, as `subprocess.run` gives it. Raises subprocess.TimeoutExpired."""
        order = json.dumps([list(arguments), dict(environ), os.getcwd()]).encode()  # noqa: PTH109 - where the command begins
        pipes = [os.pipe() for _ in range(4)]
        (in_read, in_write), (out_read, out_write), (err_read, err_write), (told_read, told_write) = pipes
        theirs = (in_read, out_write, err_write, told_write)
        socket.send_fds(self._orders, [order], theirs)
        for file in theirs:
            os.close(file)
        with open(told_read, "rb", buffering=0) as told:  # noqa: PTH123 - a file that is open already
            process_id = int(told.readline())
            shim = _Command(process_id, in_write, out_read, err_read)
            try:
                out, err = shim.communicate(stdin.encode(), timeout=timeout_s)
            except subprocess.TimeoutExpired:
                os.kill(process_id, signal.SIGKILL)
                raise
            code = int(told.readline())
        return subprocess.CompletedProcess(list(arguments), code, out.decode(), err.decode())


class _Command(subprocess.Popen[bytes]):
    """`communicate` for a process that somebody else has started and waits for."""

    def __init__(self, process_id: int, stdin: int, stdout: int, stderr: int) -> None:
        self.pid, self.args, self.returncode = process_id, (), 0
        self._child_created = self._communication_started = False
        self._input = None
        self.text_mode = self.encoding = self.errors = None
        self.stdin, self.stdout, self.stderr = open(stdin, "wb"), open(stdout, "rb"), open(stderr, "rb")  # noqa: SIM115


def _forget_standard_files() -> None:
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        number = ("stdin", "stdout", "stderr").index(name)
        errors = "backslashreplace" if name == "stderr" else "surrogateescape"
        buffering = 1 if name == "stderr" else -1  # by lines, as Python does it
        opened = open(number, mode, buffering, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, opened)
        setattr(sys, f"__{name}__", opened)


def _become(order: bytes, files: Sequence[int]) -> None:
    """In the forked process: what a fresh `python -m plg` would find."""
    arguments, environ, folder = json.loads(order)
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv[1:] = arguments
    _forget_standard_files()


def _watch(order: bytes, files: Sequence[int], orders: socket.socket) -> bool:
    """Forks the command and tells its number and its end. True in the command itself."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    orders.close()
    process_id = os.fork()
    if not process_id:
        _become(order, files)
        return True
    told = files[3]
    for file in files[:3]:
        os.close(file)
    os.write(told, b"%d\n" % process_id)
    _, status = os.waitpid(process_id, 0)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _import_everything() -> None:
    for package in map(importlib.import_module, _PRELOADED):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name:
                importlib.import_module(found.name)
    for name in _ALSO:
        importlib.import_module(name)


def _serve(orders: socket.socket) -> bool:
    """Until nobody orders any more. True in a forked command, which has to run then."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, files, _, _ = socket.recv_fds(orders, MAX_ORDER_BYTES, 4)
        if not order:
            return False
        if not os.fork():
            return _watch(order, files, orders)
        for file in files:
            os.close(file)


def _run_and_exit() -> NoReturn:
    """As Python ends, but without taking every imported module apart, which takes longer than most commands."""
    code: object = 0
    try:
        runpy.run_module("plg", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # noqa: BLE001 - Python itself would show any
        traceback.print_exc()
        code = 1
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for file in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):
            file.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    sys.path.pop(0)  # this file's own folder, which `python -m plg` does not have
    _import_everything()
    gc.freeze()  # or each fork would copy what the collector touches
    with socket.socket(fileno=int(sys.argv.pop(1))) as _orders:
        _is_command = _serve(_orders)
    if _is_command:
        _run_and_exit()
