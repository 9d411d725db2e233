"""Which relay is best for one player and one game."""

from plg.contract.nodes import Node, NodeGameLeg, NodeState
from plg.probe.node_ranking import rank_nodes
from plg.probe.relay_ping import RelayPing


def node(name: str, leg_ms: float | None = None, *, estimated: bool = False, state: NodeState = NodeState.UP) -> Node:
    leg = (
        NodeGameLeg(region=None, rtt_ms=leg_ms, loss_percent=None, estimated=estimated) if leg_ms is not None else None
    )
    return Node(
        id=name, name=name, country="", city="", host="h", port=1, state=state, load_percent=0, sessions=0, max_sessions=1,
        seen_seconds_ago=0, ping_token=None, game_leg=leg,
    )  # fmt: skip


def ping(name: str, rtt_ms: float | None, loss_percent: float = 0.0, *, full: bool = False) -> RelayPing:
    return RelayPing(name, rtt_ms, 0.0, loss_percent, full=full)


def test_the_whole_way_counts_and_not_the_nearest_relay() -> None:
    near, far = node("near", 80), node("far", 10)
    ranked = rank_nodes([near, far], [ping("near", 5), ping("far", 40)])
    assert [(entry.node.id, entry.total_ms, entry.estimated) for entry in ranked] == [
        ("far", 50, False),
        ("near", 85, False),
    ]


def test_loss_costs_as_much_as_latency() -> None:
    ranked = rank_nodes([node("lossy", 10), node("clean", 10)], [ping("lossy", 10, 3.0), ping("clean", 35)])
    assert [entry.node.id for entry in ranked] == ["clean", "lossy"]
    assert ranked[1].total_ms == 20


def test_an_unknown_leg_is_filled_with_the_others_median_and_said_to_be_an_estimate() -> None:
    ranked = rank_nodes([node("a", 10), node("b", 30), node("c")], [ping("a", 1), ping("b", 1), ping("c", 1)])
    by_name = {entry.node.id: entry for entry in ranked}
    assert (by_name["c"].leg_ms, by_name["c"].total_ms, by_name["c"].estimated) == (20, 21, True)
    assert not by_name["a"].estimated


def test_when_no_leg_is_known_the_ping_alone_decides_and_is_an_estimate() -> None:
    ranked = rank_nodes([node("slow"), node("fast")], [ping("slow", 20), ping("fast", 5)])
    assert [(entry.node.id, entry.total_ms, entry.estimated) for entry in ranked] == [
        ("fast", 5, True),
        ("slow", 20, True),
    ]


def test_a_leg_that_stands_for_the_region_stays_an_estimate() -> None:
    (entry,) = rank_nodes([node("a", 10, estimated=True)], [ping("a", 1)])
    assert (entry.total_ms, entry.estimated) == (11, True)


def test_silent_full_and_draining_relays_come_last() -> None:
    nodes = [
        node("silent", 1),
        node("draining", 1, state=NodeState.DRAINING),
        node("full", 1),
        node("good", 50),
        node("unmeasured", 1),
    ]
    pings = [ping("silent", None, 100), ping("draining", 1), ping("full", 1, full=True), ping("good", 50)]
    ranked = rank_nodes(nodes, pings)
    assert ranked[0].node.id == "good"
    assert [entry.is_usable for entry in ranked] == [True, False, False, False, False]
    assert next(entry for entry in ranked if entry.node.id == "silent").total_ms is None
