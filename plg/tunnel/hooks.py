"""Hooks: what of a tunnel's happenings a person's own programs are told, and how without ever waiting for one.

They run in a process of their own (`plg hooks serve`, which gives each program the person's rights): neither a slow program nor the certificates of a web
address can take time from the game's packets. The tunnel only writes a line into that process's pipe, and drops it when the pipe is full.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from plg.contract.cli_output import EventDocument
from plg.machine.calling_person import personal_environ
from plg.tunnel.states import rfc3339
from plg.tunnel.tunnel_event import Happening, TunnelEvent

MAX_LINE_BYTES: Final = 4096
"""POSIX PIPE_BUF on Linux: a line of this size goes into the pipe whole or not at all."""
MAX_TEXT_CHARS: Final = 500
"""Implementation. Of one detail: a reason is a sentence."""
WAIT_AT_END_S: Final = 2.0
"""Implementation. How long the tunnel waits for its last hook; a longer one goes on without it, up to its own limit."""


class Hook(StrEnum):
    """Stable names, as they stand in config.toml."""

    ON_CONNECT = "on_connect"
    ON_DEGRADED = "on_degraded"
    ON_ROUTE_SWITCH = "on_route_switch"
    ON_DISCONNECT = "on_disconnect"


HOOK_OF: Final[Mapping[Happening, Hook]] = {
    Happening.CONNECTED: Hook.ON_CONNECT,
    Happening.DEGRADED: Hook.ON_DEGRADED,
    Happening.RELAY_LOST: Hook.ON_DEGRADED,
    Happening.RENEWAL_REFUSED: Hook.ON_DEGRADED,
    Happening.RELAY_CHANGED: Hook.ON_ROUTE_SWITCH,
    Happening.EXIT_SWITCHED: Hook.ON_ROUTE_SWITCH,
    Happening.PRIMARY_CHANGED: Hook.ON_ROUTE_SWITCH,
    Happening.TRANSIT_REPLACED: Hook.ON_ROUTE_SWITCH,
    Happening.DIRECT_BETTER: Hook.ON_ROUTE_SWITCH,
    Happening.BOOST_BETTER: Hook.ON_ROUTE_SWITCH,
}
"""Happenings that are not here are for the screen only. The end of the tunnel is told by `HookSender.finish`."""

DISCONNECTED: Final = "disconnected"
"""The event of on_disconnect: everything is put back."""


def hook_event(hook: Hook, event: str, game: str, detail: Mapping[str, str | int | float | None]) -> EventDocument:
    """What a hook is told: `plg.event/1`, with the hook's name and the game in its detail."""
    told: dict[str, str | int | float | None] = {"hook": hook.value, "game": game}
    for name, value in detail.items():
        told[name] = value[:MAX_TEXT_CHARS] if isinstance(value, str) else value
    return EventDocument(event=event, at=rfc3339(datetime.now(UTC)), detail=told)


def sample_event(hook: Hook) -> EventDocument:
    """For `plg hooks test`: an event as it may come, marked as a test."""
    event, detail = {
        Hook.ON_CONNECT: (Happening.CONNECTED.value, {"relay": "frankfurt-1", "capture": "divert"}),
        Hook.ON_DEGRADED: (Happening.RELAY_LOST.value, {"name": "frankfurt-1", "reason": "silent"}),
        Hook.ON_ROUTE_SWITCH: (Happening.RELAY_CHANGED.value, {"name": "amsterdam-1"}),
        Hook.ON_DISCONNECT: (DISCONNECTED, {}),
    }[hook]
    return hook_event(hook, event, "openarena", {**detail, "test": 1})


class HookSender:
    """The tunnel's side: gives events to the process that runs the hooks. Nothing here waits or raises while a tunnel runs."""

    def __init__(
        self,
        argv: Sequence[str],
        wanted: frozenset[str],
        game: str,
        environ: Mapping[str, str],
        tell_dropped: Callable[[int], None],
    ) -> None:
        """Starts the process; raises OSError or subprocess.SubprocessError. `wanted` are names of hooks."""
        self._wanted = wanted
        self._game = game
        self._tell_dropped = tell_dropped
        self._dropped = 0
        self._was_connected = False
        self._process = subprocess.Popen(  # noqa: S603 - this very program
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=personal_environ(environ, None),
            start_new_session=sys.platform != "win32",  # a Ctrl-C for the tunnel must leave it its last hook
        )
        if sys.platform != "win32" and self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)

    def happened(self, event: TunnelEvent) -> None:
        """Passes on what a hook is there for."""
        if event.what is Happening.CONNECTED:
            self._was_connected = True
        hook = HOOK_OF.get(event.what)
        if hook is not None:
            self._send(hook, event.what.value, event.detail)

    def finish(self) -> None:
        """The tunnel has ended and everything is put back: the last hook, and a short wait for it."""
        if self._was_connected:
            self._send(Hook.ON_DISCONNECT, DISCONNECTED, {})
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        if self._dropped:
            self._tell_dropped(self._dropped)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(WAIT_AT_END_S)
        if self._process.returncode is None:
            self._process.returncode = 0  # it ends by itself, within its own limits; nobody is to wait for it

    def _send(self, hook: Hook, event: str, detail: Mapping[str, str | int | float | None]) -> None:
        if hook.value not in self._wanted or self._process.stdin is None:
            return
        line = msgspec.json.encode(hook_event(hook, event, self._game, detail)) + b"\n"
        try:
            if len(line) > MAX_LINE_BYTES or os.write(self._process.stdin.fileno(), line) < len(line):
                self._dropped += 1
        except (OSError, ValueError):
            self._dropped += 1  # full, or gone
