"""Which relays the further paths go through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.contract.nodes import NodeState
from plg.contract.routes import RouteVerdict
from plg_server.services.mesh import Mesh
from plg_server.services.path_score import Figure
from plg_server.services.route_choice import Leg, Relay
from plg_server.services.transit_choice import MAX_ADDED_MS, RankedTransit, choose_transits, likeness_ms, why_none


def relay(
    node_id: str,
    player_ms: float | None = 20.0,
    *,
    leg_ms: float | None = None,
    host: str | None = None,
    country: str = "",
    city: str = "",
    network: str = "",
    state: NodeState = NodeState.UP,
    masks: bool = False,
    asked: bool = True,
) -> Relay:
    return Relay(
        node_id=node_id,
        name=node_id,
        country=country,
        city=city,
        hosts=frozenset({host or node_id}),
        networks=frozenset({network} if network else ()),
        state=state,
        masks=masks,
        player=Figure(player_ms) if asked else None,
        leg=Leg() if leg_ms is None else Leg(figure=Figure(leg_ms)),
    )


EXIT = relay("exit", 20.0, leg_ms=10.0, country="DE", city="Frankfurt", network="n0")


def mesh(**to_exit_ms: float | None) -> Mesh:
    return Mesh({name: {"exit": Figure(ms)} for name, ms in to_exit_ms.items()})


def ranked(*relays: Relay, places: int = 2, links: Mesh | None = None, **options: object) -> list[RankedTransit]:
    links = links or mesh(**{other.node_id: 5.0 for other in relays})
    return choose_transits(EXIT, [EXIT, *relays], links, places=places, **options)  # type: ignore[arg-type]  # test data


def chosen(found: list[RankedTransit]) -> list[str]:
    return [entry.relay.node_id for entry in found if entry.verdict is RouteVerdict.CHOSEN]


def verdict(entry_relay: Relay, **options: object) -> tuple[RouteVerdict, str]:
    (entry,) = ranked(entry_relay, **options)  # type: ignore[arg-type]  # test data
    return entry.verdict, entry.because


def test_the_shortest_detours_are_taken_and_said_with_every_term() -> None:
    found = ranked(relay("far", 40), relay("near", 22), relay("mid", 30))
    assert chosen(found) == ["near", "mid"]
    best = found[0]
    assert (best.total_ms, best.adds_ms) == (37.0, 7.0)
    assert best.because == (
        "22.0 ms to you + 5.0 ms to exit + 10.0 ms to the game = 37.0 ms, 7.0 ms more than straight"
    )
    assert found[2].verdict is RouteVerdict.POSSIBLE


def test_a_way_through_a_transit_may_be_shorter_than_straight() -> None:
    (entry,) = ranked(relay("b", 5))
    assert (entry.adds_ms, entry.verdict) == (-10.0, RouteVerdict.CHOSEN)
    assert entry.because.endswith("10.0 ms less than straight")


def test_a_detour_may_add_30_ms_and_no_more() -> None:
    assert verdict(relay("b", 45))[0] is RouteVerdict.CHOSEN
    assert verdict(relay("b", 45.1)) == (RouteVerdict.DETOUR, "adds 30.1 ms, more than 30 ms")


def test_neither_the_exits_machine_nor_one_machine_twice() -> None:
    assert verdict(relay("b", host="exit"))[0] is RouteVerdict.SAME_HOST
    assert chosen(ranked(relay("b", 20, host="h"), relay("c", 21, host="h"), relay("d", 30))) == ["b", "d"]


def test_a_different_place_and_network_is_worth_a_few_milliseconds() -> None:
    neighbour = relay("neighbour", 20, country="DE", city="Frankfurt", network="n0")
    stranger = relay("stranger", 30, country="NL", city="Amsterdam", network="n1")
    assert chosen(ranked(neighbour, stranger, places=1)) == ["stranger"]
    assert chosen(ranked(neighbour, relay("far", 45, country="NL"), places=1)) == ["neighbour"]
    assert likeness_ms(neighbour, EXIT) == 16.0
    assert likeness_ms(relay("x", country="DE", city="Berlin"), EXIT) == 3.0
    assert likeness_ms(relay("x"), relay("y")) == 0.0, "nothing known is nothing in common"


def test_the_second_transit_should_differ_from_the_first_one_too() -> None:
    found = ranked(
        relay("a", 20, country="NL", city="Amsterdam", network="n1"),
        relay("b", 21, country="NL", city="Amsterdam", network="n1"),
        relay("c", 30, country="FR", city="Paris", network="n2"),
    )
    assert chosen(found) == ["a", "c"]


def test_transits_that_the_session_has_are_kept_out_and_differed_from() -> None:
    taken = relay("a", 20, host="h", country="NL", city="Amsterdam", network="n1")
    found = ranked(
        taken,
        relay("b", 21, country="NL", city="Amsterdam", network="n1"),
        relay("c", 30, country="FR"),
        relay("d", 20, host="h"),
        places=1,
        taken=[taken],
    )
    assert chosen(found) == ["c"]
    assert "a" not in [entry.relay.node_id for entry in found]


@pytest.mark.parametrize(
    ("other", "options", "expected", "says"),
    [
        (relay("b", state=NodeState.DRAINING), {}, RouteVerdict.DRAINING, "it is draining"),
        (relay("b", state=NodeState.FULL), {}, RouteVerdict.FULL, "it is full"),
        (relay("b", masks=True), {}, RouteVerdict.MASKED, "b wants masked headers"),
        (relay("b"), {"exclude": frozenset({"b"})}, RouteVerdict.EXCLUDED, "you excluded it"),
        (
            relay("b"),
            {"unreachable": frozenset({"b"})},
            RouteVerdict.UNREACHABLE,
            "no address of the same family as exit",
        ),
        (relay("b", None), {}, RouteVerdict.NO_ANSWER, "it did not answer you"),
        (relay("b"), {"links": mesh(b=None)}, RouteVerdict.NO_ANSWER, "between it and exit nothing comes through"),
        (relay("b"), {"links": mesh()}, RouteVerdict.UNKNOWN_WAY, "nobody measured the way to exit"),
        (relay("b", asked=False), {}, RouteVerdict.UNKNOWN_WAY, "you did not measure b"),
    ],
)
def test_what_stands_against_a_transit_is_said(
    other: Relay, options: dict[str, object], expected: RouteVerdict, says: str
) -> None:
    found, because = verdict(other, **options)
    assert found is expected
    assert says in because


def test_an_exit_that_nobody_measured_or_that_masks_has_no_transits() -> None:
    unmeasured = relay("exit", asked=False)
    (entry,) = choose_transits(unmeasured, [unmeasured, relay("b")], mesh(b=5.0), places=1)
    assert (entry.verdict, entry.because) == (RouteVerdict.UNKNOWN_WAY, "you did not measure exit")
    masking = relay("exit", masks=True)
    found = choose_transits(masking, [masking, relay("b")], mesh(b=5.0), places=1)
    assert chosen(found) == []
    assert why_none(found, masking) == "exit wants masked headers, which a transit cannot carry"


def test_an_unknown_way_to_the_game_does_not_stand_in_the_way() -> None:
    lone = relay("exit", 20.0)
    (entry,) = choose_transits(lone, [lone, relay("b", 22)], mesh(b=5.0), places=1)
    assert (entry.verdict, entry.total_ms, entry.adds_ms) == (RouteVerdict.CHOSEN, None, 7.0)
    assert entry.because == "22.0 ms to you + 5.0 ms to exit, 7.0 ms more than straight"


def test_why_there_is_none_is_one_line() -> None:
    assert why_none([], EXIT) == "only one relay is left"
    assert why_none(ranked(relay("b", 90)), EXIT) == "no relay can serve as transit (b: adds 75.0 ms, more than 30 ms)"
    draining = ranked(relay("b", state=NodeState.DRAINING))
    assert why_none(draining, EXIT) == "no relay can serve as transit (b: it is draining)"


def test_a_liar_in_the_mesh_is_measured_by_the_exit() -> None:
    claims = Mesh({"liar": {"exit": Figure(1.0)}, "exit": {"liar": Figure(60.0)}, "honest": {"exit": Figure(9.0)}})
    found = ranked(relay("liar", 20), relay("honest", 20), links=claims)
    assert chosen(found) == ["honest"]
    assert found[1].mesh == Figure(60.0)


MS = st.floats(0, 200)


@given(st.lists(st.tuples(MS, MS), min_size=1, max_size=8), st.integers(0, 3), st.randoms(use_true_random=False))
def test_what_is_chosen_keeps_the_rules_whatever_the_figures(
    ways: list[tuple[float, float]], places: int, random: object
) -> None:
    relays = [relay(f"r{number}", player, host=f"h{number % 3}") for number, (player, _) in enumerate(ways)]
    links = mesh(**{f"r{number}": link for number, (_, link) in enumerate(ways)})
    found = ranked(*relays, places=places, links=links)
    taken = [entry for entry in found if entry.verdict is RouteVerdict.CHOSEN]
    assert len(taken) <= places
    assert found[: len(taken)] == taken
    assert all(entry.adds_ms is not None and entry.adds_ms <= MAX_ADDED_MS for entry in taken)
    assert len({entry.relay.hosts for entry in taken}) == len(taken)
    random.shuffle(relays)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert ranked(*relays, places=places, links=links) == found


@given(st.lists(st.tuples(MS, MS), min_size=2, max_size=6), MS)
def test_a_longer_way_never_brings_a_transit_forward(ways: list[tuple[float, float]], more_ms: float) -> None:
    def place_of_first(extra_ms: float) -> int:
        relays = [relay(f"r{number}", player) for number, (player, _) in enumerate(ways)]
        links = {f"r{number}": link for number, (_, link) in enumerate(ways)}
        links["r0"] += extra_ms
        found = ranked(*relays, places=len(ways), links=mesh(**links))
        return [entry.relay.node_id for entry in found].index("r0")

    assert place_of_first(more_ms) >= place_of_first(0.0)
