"""`plg server run` and `check` without the terminal: what they do, told to the caller."""

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from plg_server.app import create_app
from plg_server.config import ServerConfig, redacted_url
from plg_server.database import open_database
from plg_server.store import StoreUnavailable, open_store

LISTEN_BACKLOG = 256


class PortTaken(Exception):
    """Another program listens there, or the address is not ours; the text is one line for the operator."""


class CannotStart(Exception):
    """A part that the server needs does not answer; the text is one line for the operator."""


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
    config: ServerConfig, *, port_file: Path | None = None, listening: Callable[[str], None] = lambda _url: None
) -> None:
    """Serve until SIGTERM or SIGINT; requests under way may finish within `shutdown_grace_s`.

    `listening` is told the URL once requests are answered; `port_file` then holds the port as text.
    Raises PortTaken, CannotStart, ConfigError, MigrationError.
    """
    listener = bind(config.host, config.port)
    port = int(listener.getsockname()[1])
    app = create_app(config)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=config.shutdown_grace_s)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        await _set_up(runner, config)
        await web.SockSite(runner, listener).start()
        _on_signals(loop, stop)
        if port_file is not None:
            _write_port(port_file, port)
        shown_host = f"[{config.host}]" if ":" in config.host else config.host
        listening(f"http://{shown_host}:{port}")
        await stop.wait()
    finally:
        await runner.cleanup()
        listener.close()
        _remove_port(port_file)


async def _set_up(runner: web.AppRunner, config: ServerConfig) -> None:
    try:
        await runner.setup()
    except Exception as error:
        database = await open_database(config)
        try:
            unavailable = database.is_unavailable(error)
        finally:
            await database.close()
        if unavailable:
            raise CannotStart(f"the database {database.shown_url} cannot be used: {_reason(error)}") from error
        raise


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


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
    partial.write_text(f"{port}\n", encoding="ascii")
    partial.replace(port_file)


def _remove_port(port_file: Path | None) -> None:
    if port_file is not None:
        port_file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Check:
    """One thing that was tried. `problem` is None when it is well."""

    name: str
    detail: str
    problem: str | None


async def check(config: ServerConfig) -> list[Check]:
    """Try the database and the store as `run` would use them, without changing anything."""
    return [await _check_database(config), await _check_store(config)]


async def _check_database(config: ServerConfig) -> Check:
    if not_yet := _check_missing_file(config):
        return not_yet
    database = await open_database(config)
    try:
        await database.ping()
    except Exception as error:
        if not database.is_unavailable(error):
            raise
        return Check("database", database.shown_url, _reason(error))
    finally:
        await database.close()
    return Check("database", database.shown_url, None)


def _check_missing_file(config: ServerConfig) -> Check | None:
    """A SQLite file that the first start will make: only whether it could."""
    path = Path(config.effective_database_url.removeprefix("sqlite://"))
    if not config.effective_database_url.startswith("sqlite:") or path.exists():
        return None
    nearest = next(parent for parent in path.parents if parent.exists())
    writable = nearest.is_dir() and os.access(nearest, os.W_OK)
    problem = None if writable else f"{nearest} cannot be written"
    return Check("database", f"{path} (made at the first start)", problem)


async def _check_store(config: ServerConfig) -> Check:
    store = open_store(config.store_url)
    shown = redacted_url(config.store_url) if config.store_url else "memory"
    try:
        await store.ping()
    except StoreUnavailable as error:
        return Check("store", shown, str(error))
    finally:
        await store.close()
    return Check("store", shown, None)
