"""`plg server run` without the terminal: what it does, told to the caller."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from plg_server import app_keys
from plg_server.app import create_app
from plg_server.config import ConfigError, ServerConfig
from plg_server.ids import utc_now
from plg_server.operator_tasks import told_when_unreachable
from plg_server.services.admin_claim import offer_claim
from plg_server.unreadable_requests import ProblemRequestHandler

LISTEN_BACKLOG = 256


class PortTaken(Exception):
    """Another program listens there, or the address is not ours; the text is one line for the operator."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, before anything else is opened: a taken port must not cost a migration.

    Raises PortTaken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise PortTaken(f"cannot listen on {host}: {error.strerror}") from error
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # On Windows the same option would let two servers share a port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(LISTEN_BACKLOG)
    except OSError as error:
        listener.close()
        reasons = {
            errno.EADDRINUSE: "another program listens there; choose another with --port or PLG_SERVER_PORT",
            errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE",
            errno.EADDRNOTAVAIL: "this machine has no such address",
        }
        reason = reasons.get(error.errno or 0, error.strerror or str(error))
        raise PortTaken(f"cannot listen on {host} port {port}: {reason}") from error
    return listener


async def serve(
    config: ServerConfig,
    *,
    port_file: Path | None = None,
    listening: Callable[[str, int], None],
    without_admin: Callable[[str, str], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way may finish within `shutdown_grace_s`.

    `listening` is told URL and port once requests are answered; `port_file` then holds the port as text. Where nobody is an
    admin, `without_admin` is told a token that makes one, and the address of the page that takes it.
    Raises PortTaken, CannotReach, ConfigError, DatabaseDamaged, MigrationError.
    """
    listener = bind(config.host, config.port)
    port = int(listener.getsockname()[1])
    app = create_app(config)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=config.shutdown_grace_s)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # In this order at the end: no new connection, the requests under way, then the database and all the rest.
    ending = contextlib.AsyncExitStack()
    ending.callback(_remove_port, port_file)
    ending.callback(listener.close)
    ending.push_async_callback(runner.cleanup)
    async with ending:
        with told_when_unreachable(config):
            await runner.setup()
        http = await loop.create_server(_handlers(app, runner, loop), sock=listener, backlog=LISTEN_BACKLOG)
        ending.callback(http.close)
        _on_signals(loop, stop)
        if without_admin is not None:
            with told_when_unreachable(config), app[app_keys.DATABASE].active():
                token = await offer_claim(utc_now())
            if token is not None:
                # Behind the #, which browsers send to nobody: the token reaches no log but the one it was written into.
                without_admin(token, f"{config.public_url or _own_url(config.host, port)}/setup#{token}")
        if port_file is not None:
            _write_port(port_file, port)
        listening(_own_url(config.host, port), port)
        await stop.wait()


def _own_url(host: str, port: int) -> str:
    shown_host = f"[{host}]" if ":" in host else host
    return f"http://{shown_host}:{port}"


def _handlers(
    app: web.Application, runner: web.AppRunner, loop: asyncio.AbstractEventLoop
) -> Callable[[], ProblemRequestHandler]:
    """What makes the handler of each connection; aiohttp's own sites make only aiohttp's own handlers."""
    server = runner.server
    if server is None:
        raise RuntimeError("the runner is not set up")
    return lambda: ProblemRequestHandler(app, server, loop)


def _on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            # Windows: there Ctrl-C arrives as KeyboardInterrupt, which ends `asyncio.run` and so runs the cleanup.
            return


def _write_port(port_file: Path, port: int) -> None:
    # Renamed into place: a reader sees no file or the whole number.
    partial = port_file.with_name(f"{port_file.name}.{os.getpid()}")
    try:
        partial.write_text(f"{port}\n", encoding="ascii")
        partial.replace(port_file)
    except OSError as error:
        raise ConfigError(f"--port-file {port_file}: {error.strerror}") from error


def _remove_port(port_file: Path | None) -> None:
    if port_file is not None:
        with contextlib.suppress(OSError):  # a directory that has gone has no file of ours in it
            port_file.unlink(missing_ok=True)
