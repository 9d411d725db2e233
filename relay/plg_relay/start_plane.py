"""Bind the clients' port and start what carries packets: in this process, or in workers that share the port."""

import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

import msgspec

from plg_relay.config import RelayConfig
from plg_relay.data_plane import DataPlane
from plg_relay.keeper_claims import GameClaims
from plg_relay.keeper_listeners import KeptListeners
from plg_relay.keeper_messages import front_name
from plg_relay.plane import Plane
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.policy import Policy
from plg_relay.port_sharing import open_shared_fronts
from plg_relay.udp_front import open_front, size_buffers
from plg_relay.worker_pool import WorkerPool


async def open_plane(
    stack: AsyncExitStack,
    config: RelayConfig,
    identity: PlaneIdentity,
    policy: Policy,
    on_unknown_profile: Callable[[], None],
    kept: KeptListeners | None = None,
) -> tuple[Plane, int]:
    """The plane, taking packets, and its UDP port; `stack` closes it. Raises RelayError.

    Under a keeper an exception ends the process without a word to the players: they resume at the next one.
    """
    kept = kept or KeptListeners()
    keeper = kept.keeper
    fronts = _fronts(stack, config, kept)
    port: int = fronts[0].getsockname()[1]
    identity = msgspec.structs.replace(identity, own_ports=identity.own_ports | {port})
    if config.workers > 1:
        pool = WorkerPool(config, identity, policy, fronts, keeper)

        async def end_pool(kind: object, *_: object) -> None:
            await (pool.close() if kind is None or keeper is None else pool.kill())

        stack.push_async_exit(end_pool)
        await pool.start()
        return pool, port
    claims = None
    if keeper is not None:
        claims = GameClaims(keeper, keeper.take_game_sockets(0, 1))
    plane = DataPlane(config, identity, policy, fronts[0], on_unknown_profile, claims=claims)

    def end_plane(kind: object, *_: object) -> None:
        if kind is None or keeper is None:
            plane.close()

    stack.push(end_plane)
    plane.start()
    return plane, port


def _fronts(stack: AsyncExitStack, config: RelayConfig, kept: KeptListeners) -> list[socket.socket]:
    """The clients' sockets, one for each worker: those of the process before us, with what waits in them, or new ones."""
    names = [front_name(index, config.workers) for index in range(config.workers)]
    fronts = kept.take_together(names, config.host, config.port)
    if fronts:
        for front in fronts:
            size_buffers(front, config.receive_buffer_bytes)
    else:
        buffer_bytes = config.receive_buffer_bytes
        if config.workers > 1:
            fronts = open_shared_fronts(config.host, config.port, config.workers, buffer_bytes=buffer_bytes)
        else:
            fronts = [open_front(config.host, config.port, buffer_bytes=buffer_bytes)]
        for name, front in zip(names, fronts, strict=True):
            kept.keep(name, front)
    for front in fronts:
        stack.callback(front.close)
    return fronts
