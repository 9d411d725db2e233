"""One run of a hook: a program that gets the event on its standard input, or a web address that gets it as a POST.

Blocking, for a process or thread that may wait. Nothing here raises for what a hook does: how it went is the result.
"""

import base64
import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote, urlsplit

from plg.machine.calling_person import CallingPerson, personal_environ, starting_rights

TIME_LIMIT_S: Final = 10.0
"""Specification (plg hooks --help): a hook that takes longer is ended."""
MAX_OUTPUT_BYTES: Final = 4096
"""Implementation. What a hook writes is for the log; the rest is thrown away."""
MAX_ANSWER_BYTES: Final = 65_536
"""Implementation. Of a web address; nobody reads it."""

HookTarget = Sequence[str] | str
"""A program with its arguments, or an http(s) address."""


@dataclass(frozen=True, slots=True)
class HookResult:
    """How a run went. `why` is none, "exit_code", "time_over", "cannot_start", "unreachable", "status" or "redirected"."""

    ok: bool
    why: str = ""
    detail: str = ""
    output: str = ""
    took_s: float = 0.0


def shown_target(target: HookTarget) -> str:
    """For logs: the program alone, or scheme and host of an address; arguments and paths may hold secrets."""
    if not isinstance(target, str):
        return target[0] if target else ""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.hostname or ''}/…"


def run_hook(
    target: HookTarget,
    document: bytes,
    environ: Mapping[str, str],
    person: CallingPerson | None = None,
    limit_s: float = TIME_LIMIT_S,
) -> HookResult:
    """Runs it to its end, at most `limit_s` long."""
    began_s = time.monotonic()
    if isinstance(target, str):
        result = _post(target, document, limit_s)
    else:
        result = _run(target, document, environ, person, limit_s)
    took_s = round(time.monotonic() - began_s, 3)
    return HookResult(result.ok, result.why, result.detail, result.output, took_s)


def _run(
    argv: Sequence[str], document: bytes, environ: Mapping[str, str], person: CallingPerson | None, limit_s: float
) -> HookResult:
    home = person.home if person is not None else Path(environ.get("HOME") or "/")
    try:
        process = subprocess.Popen(  # noqa: S603 - the person's own command, without a shell
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=personal_environ(environ, person),
            cwd=home if home.is_dir() else None,
            start_new_session=sys.platform != "win32",
            **starting_rights(person),
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        text = getattr(error, "strerror", None) or str(error)
        return HookResult(False, "cannot_start", str(text))
    kept = bytearray()
    with process:
        reader = threading.Thread(target=_keep, args=(process.stdout, kept), daemon=True)
        reader.start()
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.write(document + b"\n")  # far smaller than a pipe holds: it cannot wait
                process.stdin.close()
        try:
            code: int | None = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        # What it left behind ends with it: otherwise hooks could pile up.
        _end_all(process)
        reader.join(1.0)
    output = bytes(kept).decode(errors="replace").strip()
    if code is None:
        return HookResult(False, "time_over", f"{limit_s:g}", output)
    return HookResult(code == 0, "" if code == 0 else "exit_code", str(code), output)


def _keep(stream: IO[bytes] | None, kept: bytearray) -> None:
    if stream is None:
        return
    with contextlib.suppress(OSError, ValueError):
        while piece := os.read(stream.fileno(), 65_536):
            kept += piece[: MAX_OUTPUT_BYTES - len(kept)]


def _end_all(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _post(url: str, document: bytes, limit_s: float) -> HookResult:
    """In a thread that is given up when the time is over: a look-up of a name cannot be broken off."""
    found: list[HookResult] = []
    opened: list[http.client.HTTPConnection] = []
    caller = threading.Thread(target=lambda: found.append(_post_now(url, document, limit_s, opened)), daemon=True)
    caller.start()
    caller.join(limit_s)
    if found:
        return found[0]
    for connection in opened:
        with contextlib.suppress(OSError):
            connection.close()
    return HookResult(False, "time_over", f"{limit_s:g}")


def _post_now(url: str, document: bytes, limit_s: float, opened: list[http.client.HTTPConnection]) -> HookResult:
    try:
        parts = urlsplit(url)
        make = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}.get(parts.scheme)
        if make is None or not parts.hostname:
            return HookResult(False, "unreachable", "not an http(s) address")
        connection = make(parts.hostname, parts.port, timeout=limit_s)
        opened.append(connection)
        headers = {"Content-Type": "application/json", "User-Agent": "plg"}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        place = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", place, document, headers)
            answer = connection.getresponse()
            answer.read(MAX_ANSWER_BYTES)
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        # The error's own text may repeat the address.
        return HookResult(False, "unreachable", getattr(error, "strerror", None) or type(error).__name__)
    if 300 <= answer.status < 400:
        return HookResult(False, "redirected", str(answer.status))
    return HookResult(200 <= answer.status < 300, "" if 200 <= answer.status < 300 else "status", str(answer.status))
