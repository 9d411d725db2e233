"""Bind the clients' port and start what carries packets: in this process, or in workers that share the port."""

from collections.abc import Callable
from contextlib import AsyncExitStack

import msgspec

from plg_relay.config import RelayConfig
from plg_relay.data_plane import DataPlane
from plg_relay.plane import Plane
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.policy import Policy
from plg_relay.port_sharing import open_shared_fronts
from plg_relay.udp_front import open_front
from plg_relay.worker_pool import WorkerPool


async def open_plane(
    stack: AsyncExitStack,
    config: RelayConfig,
    identity: PlaneIdentity,
    policy: Policy,
    on_unknown_profile: Callable[[], None],
) -> tuple[Plane, int]:
    """The plane, taking packets, and its UDP port; `stack` closes it. Raises RelayError."""
    if config.workers > 1:
        return await _open_workers(stack, config, identity, policy)
    front = open_front(config.host, config.port, buffer_bytes=config.receive_buffer_bytes)
    stack.callback(front.close)
    port: int = front.getsockname()[1]
    identity = msgspec.structs.replace(identity, own_ports=identity.own_ports | {port})
    plane = DataPlane(config, identity, policy, front, on_unknown_profile)
    stack.callback(plane.close)
    plane.start()
    return plane, port


async def _open_workers(
    stack: AsyncExitStack, config: RelayConfig, identity: PlaneIdentity, policy: Policy
) -> tuple[Plane, int]:
    fronts = open_shared_fronts(config.host, config.port, config.workers, buffer_bytes=config.receive_buffer_bytes)
    for front in fronts:
        stack.callback(front.close)
    port: int = fronts[0].getsockname()[1]
    pool = WorkerPool(config, msgspec.structs.replace(identity, own_ports=identity.own_ports | {port}), policy, fronts)
    stack.push_async_callback(pool.close)
    await pool.start()
    return pool, port
