"""The real parts that a tunnel is wired from: marked sockets, the comparison that runs beside it, and a quiet interpreter."""

import asyncio
import gc
import socket

from plg.capture.bypass_mark import mark_socket
from plg.contract.nodes import NodeGameLeg
from plg.contract.sessions import RelayEndpoint
from plg.tunnel.clock import Clock
from plg.tunnel.counterfactual import GATE_PINGS, Counterfactual, MeasureDirect
from plg.tunnel.grants import header_mask
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.planning import FirstPlan, Planner
from plg.tunnel.relay_path import DatagramPath, RelayPath, find_relay
from plg.tunnel.session_keeper import SessionKeeper


def make_counterfactual(
    clock: Clock, measure: MeasureDirect, planner: Planner, keeper: SessionKeeper, plan: FirstPlan
) -> Counterfactual:
    """The direct way beside the tunnel, beginning with what was measured before the match."""

    async def ask_leg() -> NodeGameLeg | None:
        return await planner.ask_leg(keeper.relay.node_id) if keeper.relay is not None else None

    found = Counterfactual(clock, measure, ask_leg, planner.direct_target, plan.leg)
    if plan.direct is not None:
        found.add(plan.direct, GATE_PINGS)
    if keeper.grant is not None and keeper.grant.game_leg is not None:
        found.take_leg(keeper.grant.game_leg)
    return found


async def open_path(relay: RelayEndpoint, interface: LocalInterface | None) -> DatagramPath:
    """The socket to a relay."""

    def prepare(opened: socket.socket) -> None:
        prepare_socket(opened)
        if interface is not None:
            interface.bind(opened)

    address = await find_relay(relay.host, relay.port)
    return RelayPath(address, prepare=prepare, mask=header_mask(relay))


def prepare_socket(opened: socket.socket) -> None:
    mark_socket(opened)  # without the right to mark, the capture leaves the relay's address out


def quieten_garbage_collection() -> None:
    """What is there now stays to the end: the collector need not walk through it while packets wait."""
    gc.collect()
    gc.freeze()


def first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first real failure inside a (nested) group."""
    for error in group.exceptions:
        found = first_cause(error) if isinstance(error, BaseExceptionGroup) else error
        if not isinstance(found, asyncio.CancelledError):
            return found
    return group
