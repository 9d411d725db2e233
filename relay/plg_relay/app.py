"""The running relay: data plane, control API, metrics and server link, started in order and stopped in reverse."""

import asyncio
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from plg.contract.relay_control import MAX_TARGETS_MEASURED, HeartbeatRequest
from plg.protocol.keys import mask_key
from plg_relay.config import RelayConfig
from plg_relay.control_api import control_app
from plg_relay.errors import FailureKind, RelayError
from plg_relay.fast_loop import fast_loop_factory
from plg_relay.game_ports import next_boot_parity
from plg_relay.game_probes import GameProbes
from plg_relay.identity import RelayIdentity, load_identity
from plg_relay.keeper_client import KeeperClient
from plg_relay.keeper_listeners import CONTROL, METRICS, WEB_PING, KeptListeners
from plg_relay.mesh_probes import MeshProbes
from plg_relay.metrics import metrics_app
from plg_relay.own_addresses import as_networks, interface_addresses, refuse_private_mode_in_public, resolve
from plg_relay.plane import Plane
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.profile_cache import PolicyStore
from plg_relay.relay_status import RelayStatus
from plg_relay.server_link import ServerLink
from plg_relay.start_plane import open_plane
from plg_relay.udp_front import bind_failure
from plg_relay.web_ping import WebPing, web_ping_tls

if TYPE_CHECKING:
    from plg.protocol.destination import Address
    from plg_relay.policy import Policy

EMPTY_CHECK_S = 0.1
"""While draining: how often we look whether the last session has gone."""

GOODBYE_TIMEOUT_S = 2.0

log = logging.getLogger(__name__)


class ListeningPorts(msgspec.Struct, frozen=True):
    """Where the relay really listens; ports that were asked for as 0 have their numbers here."""

    port: int
    control_port: int
    metrics_port: int
    pid: int
    web_ping_port: int | None = None


class RelayApp:
    """One relay process (with its workers). `run` returns after a drain or a stop."""

    def __init__(
        self,
        config: RelayConfig,
        version: str,
        announce: Callable[[ListeningPorts], None],
        kept: KeptListeners | None = None,
    ) -> None:
        """`announce` is called once, when everything listens. `kept`: what the process before has left, and its keeper."""
        self._config = config
        self._version = version
        self._announce = announce
        self._kept = kept or KeptListeners()
        self._signals = 0
        self._signalled = asyncio.Event()
        self._identity: RelayIdentity | None = None
        self._public: frozenset[Address] = frozenset()
        self._plane: Plane | None = None
        self._link: ServerLink | None = None

    def load(self) -> None:
        """What needs no port and may take its time (a name to resolve). Raises RelayError."""
        identity = load_identity(self._config.data_dir)
        self._public = resolve(identity.public_host)
        refuse_private_mode_in_public(
            allow_private=self._config.allow_private, public_host=identity.public_host, public=self._public
        )
        self._identity = identity

    async def run(self) -> None:
        """Start, serve, drain, stop; after `load`. Raises RelayError with one line when it cannot start."""
        config, keeper, identity, public = self._config, self._kept.keeper, self._identity, self._public
        if identity is None:
            raise RuntimeError("load comes first")
        interfaces = interface_addresses()
        store = PolicyStore(config.data_dir, identity.ticket_keys)
        try:
            parity = next_boot_parity(config.data_dir)
        except OSError as error:
            raise RelayError(FailureKind.CONFIG, f"cannot write in {config.data_dir}: {error.strerror}") from error
        boot_id = os.urandom(8)
        started_s = time.monotonic()
        async with AsyncExitStack() as stack:
            control = await self._listen(stack, CONTROL, config.control_host, config.control_port, "control API (TCP)")
            metrics = await self._listen(stack, METRICS, config.metrics_host, config.metrics_port, "metrics (TCP)")
            web_ping = await self._web_ping(stack)
            own_ports = {control.port, metrics.port} | (set() if web_ping is None else {web_ping.port})
            plane_identity = PlaneIdentity(
                relay_id=identity.relay_id,
                boot_id=boot_id,
                boot_parity=parity,
                own_addresses=interfaces | public,
                own_networks=as_networks(interfaces | public),
                own_ports=frozenset(own_ports),
                mask_key=mask_key(identity.control_key) if config.mask else None,
            )
            plane, port = await open_plane(stack, config, plane_identity, store.policy, self._beat_now, self._kept)
            self._plane = plane
            status = RelayStatus(
                plane,
                node_id=identity.node_id,
                boot_id=boot_id.hex(),
                version=self._version,
                max_sessions=config.max_sessions,
                started_s=started_s,
                mask=config.mask,
                restarts={"crash": keeper.crashes, "reload": keeper.reloads} if keeper is not None else {},
                web_ping_url=config.web_ping_url or None,
                web_pings=None if web_ping is None else web_ping.outcomes,
            )
            probes, mesh = GameProbes(), MeshProbes()

            async def heartbeat() -> HeartbeatRequest:
                measured = [*mesh.measurements(), *probes.measurements()][:MAX_TARGETS_MEASURED]
                return await status.heartbeat(store.policy.profiles_etag, measured)

            link = await stack.enter_async_context(
                ServerLink(identity, store, heartbeat, probes.set_targets, on_peers=mesh.set_peers)
            )
            self._link = link
            await control.serve(control_app(status, store, control_key=identity.control_key, drain=self.drain))
            await metrics.serve(metrics_app(status))
            if web_ping is not None:
                await stack.enter_async_context(web_ping)
            self._catch_signals(stack)
            gc.freeze()
            if keeper is not None:
                keeper.say_serving()
            web_ping_port = None if web_ping is None else web_ping.port
            self._announce(ListeningPorts(port, control.port, metrics.port, os.getpid(), web_ping_port))
            await self._serve(plane, store, link, probes, mesh)

    async def _serve(
        self, plane: Plane, store: PolicyStore, link: ServerLink, probes: GameProbes, mesh: MeshProbes
    ) -> None:
        policies: asyncio.Queue[Policy] = asyncio.Queue()
        store.on_change(policies.put_nowait)
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(link.run(), name="heartbeats"),
                    tasks.create_task(self._apply(plane, policies), name="policies"),
                    tasks.create_task(probes.run(), name="game probes"),
                    tasks.create_task(mesh.run(), name="mesh probes"),
                    tasks.create_task(plane.run(), name="packets"),
                ]
                await self._until_stopped(plane)
                for task in running:
                    task.cancel()
        except BaseExceptionGroup as group:
            failures = group.subgroup(RelayError)
            if failures is None:
                raise
            raise _first(failures) from group
        try:
            # The server should not send players here for the 15 s that silence takes.
            async with asyncio.timeout(GOODBYE_TIMEOUT_S):
                await link.beat()
        except (RelayError, TimeoutError) as error:
            log.info("the server was not told that this relay ends: %s", error)

    async def _apply(self, plane: Plane, policies: "asyncio.Queue[Policy]") -> None:
        while True:
            await plane.apply_policy(await policies.get())

    async def _until_stopped(self, plane: Plane) -> None:
        """Until a second signal, or until everything is drained after the first."""
        await self._signalled.wait()
        await self.drain(self._config.drain_seconds)
        deadline_s = time.monotonic() + self._config.drain_seconds
        self._signalled.clear()
        while self._signals < 2 and time.monotonic() < deadline_s and (await plane.status()).carried > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(EMPTY_CHECK_S):
                    await self._signalled.wait()
        log.info("stopping at once" if self._signals > 1 else "drained")

    # --- drain and stop ----------------------------------------------------------------------------------------------

    async def drain(self, seconds: int) -> None:
        """Refuse new sessions and tell the clients and the server; sessions end at most `seconds` from now."""
        if self._plane is None:
            return
        log.info("draining for at most %d s", seconds)
        await self._plane.drain(seconds)
        self._beat_now()

    def _beat_now(self) -> None:
        if self._link is not None:
            self._link.beat_now()

    def _catch_signals(self, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()

        def on_signal() -> None:
            self._signals += 1
            self._signalled.set()

        if self._kept.keeper is not None:
            self._kept.keeper.listen(on_signal)
            stack.callback(self._kept.keeper.close)
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_signal)
            stack.callback(loop.remove_signal_handler, number)

    async def _listen(self, stack: AsyncExitStack, name: str, host: str, port: int, what: str) -> "_Listener":
        bound = self._kept.take(name, host, port)
        if bound is None:
            bound = _bound(host, port, what)
            self._kept.keep(name, bound)
        listener = _Listener(bound)
        stack.push_async_callback(listener.close)
        return listener

    async def _web_ping(self, stack: AsyncExitStack) -> WebPing | None:
        """The endpoint for browsers, bound and not yet served; None when the settings want none."""
        config = self._config
        if config.web_ping_address is None:
            return None
        tls = web_ping_tls(config.web_ping_certificate, config.web_ping_key)
        host, port = config.web_ping_address
        listener = await self._listen(stack, WEB_PING, host, port, "browsers' pings (TCP)")
        return WebPing(listener.bound, tls)


def _first(group: BaseExceptionGroup[RelayError]) -> RelayError:
    """The failure inside nested task groups: one line is what a person can use."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


class _Listener:
    """A TCP socket bound before anything is started, served later: a taken port must end the start early."""

    def __init__(self, bound: socket.socket) -> None:
        self.bound = bound
        self.port: int = bound.getsockname()[1]
        self.runner: web.AppRunner | None = None

    async def serve(self, app: web.Application) -> None:
        self.runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self.runner.setup()
        await web.SockSite(self.runner, self.bound).start()

    async def close(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()
        self.bound.close()


def _bound(host: str, port: int, what: str) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise bind_failure(error, what, host, port) from error
    return bound


def run_relay(
    config: RelayConfig,
    version: str,
    announce: Callable[[ListeningPorts], None],
    keeper: KeeperClient | None = None,
) -> None:
    """Run until drained or stopped, on uvloop where it exists. Raises RelayError.

    Under a keeper this waits, with everything loaded, until no other process serves; only the first process calls `announce`.
    """
    kept = KeptListeners(keeper)
    is_first = True

    def announce_once(ports: ListeningPorts) -> None:
        if is_first:
            announce(ports)

    relay = RelayApp(config, version, announce_once, kept)
    relay.load()
    new_loop = fast_loop_factory()
    # What lives now lives long: the collector need not walk it again in the middle of a game.
    gc.collect()
    gc.freeze()
    try:
        kept.wait_for_turn()
    except ConnectionError as error:
        raise RelayError(FailureKind.REFUSED, str(error)) from error
    is_first = keeper is None or keeper.is_first
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(relay.run())


def write_port_file(path: Path, port: int) -> None:
    """The UDP port as text; renamed into place, so that a reader sees no file or the whole number. Raises RelayError."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        partial.write_text(f"{port}\n", encoding="ascii")
        partial.replace(path)
    except OSError as error:
        raise RelayError(FailureKind.CONFIG, f"cannot write the port file {path}: {error.strerror}") from error
