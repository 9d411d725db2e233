"""The client's flow table."""

from plg.protocol.client_flows import ClientFlows, FlowState
from plg.protocol.constants import FLOW_REUSE_AFTER_S, LAST_FLOW


def address(local_port: int, port: int = 27015) -> tuple[int, str, int]:
    return (local_port, "198.20.0.7", port)


def test_a_conversation_keeps_its_id() -> None:
    flows = ClientFlows()
    first = flows.begin(address(1), 0.0)
    assert flows.by_address[address(1)] is first
    assert flows.begin(address(1, 2), 1.0).flow_id != first.flow_id
    assert first.flow_id is not None
    assert flows.by_id[first.flow_id] is first


def test_ids_stay_within_1_and_254_and_the_next_flow_goes_direct() -> None:
    flows = ClientFlows()
    ids = [flows.begin(address(1, port), 0.0).flow_id for port in range(1, LAST_FLOW + 1)]
    assert sorted(number for number in ids if number is not None) == list(range(1, 255))
    beyond = flows.begin(address(1, 9999), 0.0)
    assert beyond.flow_id is None
    assert beyond.state is FlowState.REFUSED


def test_the_relays_caps_bind() -> None:
    flows = ClientFlows()
    flows.max_flows, flows.max_local_ports = 3, 2
    assert flows.begin(address(1), 0.0).flow_id == 1
    assert flows.begin(address(2), 0.0).flow_id == 2
    assert flows.begin(address(3), 0.0).flow_id is None
    assert flows.begin(address(2, 5), 0.0).flow_id == 3
    assert flows.begin(address(2, 6), 0.0).flow_id is None


def test_an_id_is_given_away_only_when_the_relay_has_forgotten_it() -> None:
    flows = ClientFlows()
    flows.max_flows = 1
    flows.begin(address(1), 0.0)
    assert flows.begin(address(1, 2), FLOW_REUSE_AFTER_S - 1).flow_id is None
    flows.forget_refusals()
    assert flows.begin(address(1, 2), FLOW_REUSE_AFTER_S + 1).flow_id == 1


def test_a_refused_flow_frees_its_id_and_stays_refused_until_a_new_ticket() -> None:
    flows = ClientFlows()
    flow = flows.begin(address(1), 0.0)
    flows.refuse(flow)
    assert flows.by_address[address(1)].state is FlowState.REFUSED
    assert flows.by_id == {}
    flows.forget_refusals()
    assert flows.begin(address(1), 2.0).state is FlowState.OPENING


def test_after_a_restart_of_the_relay_every_flow_is_named_again() -> None:
    flows = ClientFlows()
    flow = flows.begin(address(1), 0.0)
    flow.state = FlowState.OPEN
    flows.reopen_all()
    assert flow.state is FlowState.OPENING
    assert len(flows) == 1
