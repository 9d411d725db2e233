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
        self._by_address: dict[FlowAddress, ClientFlow] = {}
        self._by_id: dict[int, ClientFlow] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, address: FlowAddress, now: float) -> ClientFlow:
        """The flow of a conversation, opened or refused on the spot when it is new."""
        flow = self._by_address.get(address)
        if flow is None:
            flow_id = self._free_id(address[0], now)
            state = FlowState.REFUSED if flow_id is None else FlowState.OPENING
            flow = ClientFlow(address, flow_id, state, now)
            self._by_address[address] = flow
            if flow_id is not None:
                self._by_id[flow_id] = flow
        flow.used_at_s = now
        return flow

    def by_id(self, flow_id: int) -> ClientFlow | None:
        return self._by_id.get(flow_id)

    def refuse(self, flow: ClientFlow) -> None:
        """The relay said no: remember it without an id."""
        if flow.flow_id is not None:
            del self._by_id[flow.flow_id]
            flow.flow_id = None
        flow.state = FlowState.REFUSED

    def forget_refusals(self) -> None:
        """A newer ticket may allow what the last one did not."""
        for flow in [flow for flow in self._by_address.values() if flow.state is FlowState.REFUSED]:
            del self._by_address[flow.address]

    def reopen_all(self) -> None:
        """The relay has lost its flow table: name every destination again."""
        for flow in self._by_id.values():
            flow.state = FlowState.OPENING

    def expire(self, now: float) -> None:
        """Forget flows that the relay has surely forgotten too."""
        for flow in [flow for flow in self._by_address.values() if now - flow.used_at_s > FLOW_REUSE_AFTER_S]:
            self._remove(flow)

    def _remove(self, flow: ClientFlow) -> None:
        del self._by_address[flow.address]
        if flow.flow_id is not None:
            del self._by_id[flow.flow_id]

    def _free_id(self, local_port: int, now: float) -> int | None:
        self.expire(now)
        local_ports = {flow.address[0] for flow in self._by_id.values()}
        if len(self._by_id) >= self.max_flows or (
            local_port not in local_ports and len(local_ports) >= self.max_local_ports
        ):
            return None
        return next((flow for flow in range(FIRST_FLOW, LAST_FLOW + 1) if flow not in self._by_id), None)
