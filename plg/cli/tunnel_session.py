"""One `plg connect` on a terminal or in a script: signals in, live line or NDJSON out, around the tunnel itself."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from plg.capture.choose import open_source
from plg.capture.packet_source import CaptureSpec, PacketSource
from plg.cli.exit_codes import ExitCode
from plg.cli.hook_wiring import open_hooks
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.cli.metrics_option import serving
from plg.cli.own_profiles import OwnProfileServer
from plg.cli.profile_files import find_profile
from plg.cli.server_access import signed_client
from plg.cli.settings import ServerAddress
from plg.cli.tunnel_view import TunnelView
from plg.machine.service_log import bound_log
from plg.tunnel.connect import Tunnel
from plg.tunnel.connect_request import ConnectRequest
from plg.tunnel.control_protocol import StopMode
from plg.tunnel.exit_memory import ExitMemory
from plg.tunnel.grants import HostPort
from plg.tunnel.runtime_place import runtime_place
from plg.tunnel.tunnel_event import TunnelEvent

STATUS_EVERY_S = 1.0
STANDARD_ERROR = 2
"""The descriptor; in the background it is the log."""


async def run_tunnel(
    run: Invocation,
    address: ServerAddress,
    request: ConnectRequest,
    seconds: float | None,
    metrics: HostPort | None = None,
) -> ExitCode:
    """Until the tunnel is stopped by a signal, by `plg disconnect` or after `seconds`. Raises as Tunnel.run."""
    place = runtime_place(run.environ)
    view = TunnelView(run)

    async def open_capture(spec: CaptureSpec) -> PacketSource:
        return await open_source(
            request.capture, spec, runtime_directory=place.directory, listen_port=request.listen_port
        )

    async with signed_client(run, address) as client:
        own = find_profile(run.settings.directory, request.game)
        server = client if own is None else OwnProfileServer(client, own)
        if own is not None:
            asked_for = own.plays_as or own.slug
            run.talk.say(
                _("{profile}: your own profile; the server is asked for '{game}'").format(
                    profile=own.slug, game=asked_for
                )
            )
        memory = ExitMemory(run.settings.directory, time.time)
        hooks = open_hooks(run, request.game)

        def happened(event: TunnelEvent) -> None:
            view.happened(event)
            if hooks is not None:
                hooks.happened(event)

        tunnel = Tunnel(request, server, place, open_capture, happened, memory)
        view.watch(tunnel)
        with _signals(tunnel, view) as interrupted, _ticker(view), _deadline(tunnel, seconds):
            try:
                async with serving(view, tunnel, metrics):
                    await tunnel.run()
            finally:
                view.finish()
                if hooks is not None:
                    hooks.finish()
    if interrupted() and not view.was_connected:
        return ExitCode.INTERRUPTED
    return ExitCode.OK


@contextmanager
def _deadline(tunnel: Tunnel, seconds: float | None) -> Iterator[None]:
    """Leave when the time is over."""
    if seconds is None:
        yield
        return
    handle = asyncio.get_running_loop().call_later(seconds, tunnel.request_stop, StopMode.NOW, "time_over")
    try:
        yield
    finally:
        handle.cancel()


@contextmanager
def _ticker(view: TunnelView) -> Iterator[None]:
    """Show the numbers once a second, on the loop and without a task."""
    loop = asyncio.get_running_loop()
    handle: asyncio.TimerHandle

    def tick() -> None:
        nonlocal handle
        handle = loop.call_later(STATUS_EVERY_S, tick)
        view.show()
        bound_log(STANDARD_ERROR)

    tick()  # the first line is the whole state, before anything happens
    try:
        yield
    finally:
        handle.cancel()


@contextmanager
def _signals(tunnel: Tunnel, view: TunnelView) -> Iterator[Callable[[], bool]]:
    """Ctrl-C asks twice when a match is live; SIGTERM, SIGHUP and Ctrl-Break leave at once. Yields whether one came."""
    came: list[int] = []

    def on_signal(number: int) -> None:
        came.append(number)
        first_interrupt = number == signal.SIGINT and came.count(signal.SIGINT) == 1
        live = tunnel.live_flow_count()
        if first_interrupt and live and sys.stdin.isatty():
            view.say(
                _("A match is live: leaving now would break it. plg leaves when it is over; Ctrl-C again leaves now.")
            )
            tunnel.request_stop(StopMode.WAIT, "signal")
        else:
            tunnel.request_stop(StopMode.NOW, "signal")

    loop = asyncio.get_running_loop()
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if sys.platform == "win32":
            # The Windows loop knows no signal handlers; the interpreter runs this one between two of its instructions.
            signal.signal(number, lambda got, _frame: loop.call_soon_threadsafe(on_signal, got))
        else:
            loop.add_signal_handler(number, on_signal, number)
    try:
        yield lambda: bool(came)
    finally:
        for number in numbers:
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, before[number])
