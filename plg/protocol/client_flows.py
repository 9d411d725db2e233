"""The client's flow table: which flow id stands for which conversation of the game (SPEC section 6, flows)."""

from dataclasses import dataclass
from enum import Enum

from plg.protocol.constants import FIRST_FLOW, FLOW_REUSE_AFTER_S, LAST_FLOW
from plg.protocol.events import FlowAddress


class FlowState(Enum):
    OPENING = "opening"  # payloads travel inside FLOW_OPEN
    OPEN = "open"
    REFUSED = "refused"  # goes direct


@dataclass(slots=True)
class ClientFlow:
    """One conversation. `flow_id` is None for a refused one: it takes up no id."""

    address: FlowAddress
    flow_id: int | None
    state: FlowState
    used_at_s: float


class ClientFlows:
    """Bounded by the relay's caps: a flow beyond them is refused and goes direct."""

    def __init__(self) -> None:
        self.max_flows = LAST_FLOW
        self.max_local_ports = LAST_FLOW
        self.by_address: dict[FlowAddress, ClientFlow] = {}
        self.by_id: dict[int, ClientFlow] = {}
        """Public to be looked at, because the packet path does."""

    def __len__(self) -> int:
        return len(self.by_id)

    def begin(self, address: FlowAddress, now: float) -> ClientFlow:
        """A conversation that is not known yet: opened, or refused on the spot."""
        flow_id = self._free_id(address[0], now)
        state = FlowState.REFUSED if flow_id is None else FlowState.OPENING
        flow = ClientFlow(address, flow_id, state, now)
        self.by_address[address] = flow
        if flow_id is not None:
            self.by_id[flow_id] = flow
        return flow

    def refuse(self, flow: ClientFlow) -> None:
        """The relay said no: remember it without an id."""
        if flow.flow_id is not None:
            del self.by_id[flow.flow_id]
            flow.flow_id = None
        flow.state = FlowState.REFUSED

    def forget_refusals(self) -> None:
        """A newer ticket may allow what the last one did not."""
        for flow in [flow for flow in self.by_address.values() if flow.state is FlowState.REFUSED]:
            del self.by_address[flow.address]

    def reopen_all(self) -> None:
        """The relay has lost its flow table: name every destination again."""
        for flow in self.by_id.values():
            flow.state = FlowState.OPENING

    def expire(self, now: float) -> None:
        """Forget flows that the relay has surely forgotten too."""
        for flow in [flow for flow in self.by_address.values() if now - flow.used_at_s > FLOW_REUSE_AFTER_S]:
            self._remove(flow)

    def _remove(self, flow: ClientFlow) -> None:
        del self.by_address[flow.address]
        if flow.flow_id is not None:
            del self.by_id[flow.flow_id]

    def _free_id(self, local_port: int, now: float) -> int | None:
        self.expire(now)
        local_ports = {flow.address[0] for flow in self.by_id.values()}
        if len(self.by_id) >= self.max_flows or (
            local_port not in local_ports and len(local_ports) >= self.max_local_ports
        ):
            return None
        return next((flow for flow in range(FIRST_FLOW, LAST_FLOW + 1) if flow not in self.by_id), None)
