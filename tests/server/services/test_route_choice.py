"""Which exit, which standby, and why not the others."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.contract.nodes import NodeState
from plg.contract.routes import DirectAdvice, RouteVerdict
from plg_server.services.path_score import UNKNOWN, Figure
from plg_server.services.route_choice import ExitChoice, Leg, RankedExit, Relay, choose_exits, direct_verdict


def relay(
    node_id: str,
    player_ms: float | None = None,
    leg_ms: float | None = None,
    *,
    load: float = 0.0,
    loss: float = 0.0,
    p95_ms: float | None = None,
    bias_ms: float = 0.0,
    answered: bool | None = True,
    state: NodeState = NodeState.UP,
    host: str | None = None,
) -> Relay:
    return Relay(
        node_id=node_id,
        name=node_id,
        hosts=frozenset({host or node_id}),
        state=state,
        load_percent=load,
        player=None if answered is None else Figure(player_ms if answered else None, loss, p95_ms),
        leg=Leg(
            figure=UNKNOWN if leg_ms is None else Figure(leg_ms),
            region="fra" if leg_ms is not None else None,
            claimed_ms=leg_ms,
            bias_ms=bias_ms,
        ),
    )


def chosen(*relays: Relay) -> str:
    choice = choose_exits(relays)
    assert choice.chosen is not None
    return choice.chosen.relay.node_id


def entry(choice: ExitChoice, node_id: str) -> RankedExit:
    return next(found for found in choice.exits if found.relay.node_id == node_id)


def test_the_lowest_total_wins_not_the_nearest_relay() -> None:
    assert chosen(relay("near", 5, 60), relay("far", 30, 5)) == "far"


def test_loss_load_jitter_and_experience_count_as_milliseconds() -> None:
    assert chosen(relay("lossy", 10, 10, loss=3), relay("clean", 30, 10)) == "clean"
    assert chosen(relay("loaded", 10, 10, load=99), relay("free", 20, 10)) == "free"
    assert chosen(relay("half", 10, 10, load=60), relay("empty", 10, 10)) == "empty"
    assert chosen(relay("wavering", 10, 10, p95_ms=20), relay("steady", 20, 10)) == "steady"
    assert chosen(relay("boasting", 10, 10, bias_ms=30), relay("honest", 20, 10)) == "honest"


def test_the_score_is_the_sum_of_its_terms() -> None:
    found = choose_exits([relay("a", 10, 20, loss=1, p95_ms=12, load=85, bias_ms=3)]).exits[0]
    assert (found.jitter_ms, found.loss_ms, found.load_ms) == (4.0, 10.0, 5.0)
    assert found.score_ms == pytest.approx(10 + 20 + 3 + 4 + 10 + 5 + 0.85)
    assert found.relay.total_ms == 33.0


def test_the_operators_priority_counts_as_milliseconds_and_is_told() -> None:
    near, preferred = relay("near", 10, 10), replace(relay("preferred", 19, 10), priority_ms=10)
    assert chosen(near, preferred) == "preferred"
    assert chosen(near, replace(preferred, priority_ms=8)) == "near"
    assert chosen(relay("backup", 5, 10), replace(relay("last", 1, 10), priority_ms=-50)) == "backup"
    told = choose_exits([near, preferred]).exits[0]
    assert told.score_ms == pytest.approx(19)
    assert told.relay.total_ms == 29
    assert "counted better by 10 ms by the operator" in told.because
    unmeasured = [relay("a", answered=None), replace(relay("b", answered=None), priority_ms=1)]
    assert "the operator prefers it among 2 relays" in choose_exits(unmeasured).exits[0].because


def test_an_unknown_way_to_the_game_is_no_advantage() -> None:
    assert chosen(relay("unknown", 5, None), relay("known", 20, 30)) == "known"
    assert chosen(relay("unknown", 5, None), relay("known", 20, 100)) == "unknown"
    choice = choose_exits([relay("unknown", 5, None), relay("known", 20, 30)])
    assert entry(choice, "unknown").verdict is RouteVerdict.STANDBY
    third = choose_exits([relay("unknown", 5, None), relay("known", 20, 30), relay("other", 21, 30)])
    assert entry(third, "unknown").verdict is RouteVerdict.UNKNOWN_WAY


def test_without_any_known_way_the_nearest_relay_wins() -> None:
    assert chosen(relay("near", 5), relay("far", 9)) == "near"


def test_a_relay_that_did_not_answer_comes_last_and_is_no_standby() -> None:
    silent, unmeasured = relay("silent", None, 1, answered=False), relay("unmeasured", None, 1, answered=None)
    assert chosen(silent, unmeasured, relay("slow", 300, 100)) == "slow"
    assert chosen(silent, unmeasured) == "unmeasured"
    assert chosen(silent) == "silent"
    assert choose_exits([silent, unmeasured]).standby is None
    assert entry(choose_exits([silent, unmeasured]), "silent").verdict is RouteVerdict.NO_ANSWER


def test_no_relay_no_choice() -> None:
    empty = choose_exits([])
    assert (empty.exits, empty.chosen, empty.standby) == ((), None, None)


def test_the_standby_is_the_best_exit_on_another_host() -> None:
    choice = choose_exits([relay("a", 5, 5, host="h1"), relay("b", 6, 5, host="h1"), relay("c", 50, 5, host="h2")])
    assert choice.standby is not None
    assert (choice.standby.relay.node_id, choice.standby.verdict) == ("c", RouteVerdict.STANDBY)
    assert entry(choice, "b").verdict is RouteVerdict.POSSIBLE
    assert choose_exits([relay("a", 5, 5, host="h1"), relay("b", 6, 5, host="h1")]).standby is None


def test_the_players_own_order_is_honoured_where_it_can_be() -> None:
    relays = [relay("a", 5, 5), relay("b", 9, 9), relay("c", 20, 20), relay("d", 7, 7, state=NodeState.FULL)]
    choice = choose_exits(relays, wanted=["d", "c", "b"])
    assert choice.chosen is not None
    assert choice.standby is not None
    assert (choice.chosen.relay.node_id, choice.standby.relay.node_id) == ("c", "b")
    assert choice.chosen.because.startswith("your choice number 2; 20.0 ms to you")
    assert [found.relay.node_id for found in choice.exits] == ["a", "b", "c", "d"]
    nothing_left = choose_exits(relays, wanted=["d", "gone"]).chosen
    assert nothing_left is not None
    assert nothing_left.relay.node_id == "a"


def test_a_named_relay_is_that_or_nothing() -> None:
    relays = [relay("a", 5, 5), relay("b", 9, 9), relay("c", 1, 1, state=NodeState.DRAINING)]
    named = choose_exits(relays, insisted="b")
    assert named.chosen is not None
    assert named.chosen.because.startswith("you asked for it; 9.0 ms to you")
    assert named.standby is not None
    assert named.standby.relay.node_id == "a"
    assert choose_exits(relays, insisted="c").chosen is None


def test_those_that_may_not_be_chosen_are_shown_after_the_others_with_the_reason() -> None:
    relays = [
        relay("draining", 1, 1, state=NodeState.DRAINING),
        relay("full", 2, 1, state=NodeState.FULL),
        relay("banned", 3, 1),
        relay("ok", 50, 50),
    ]
    choice = choose_exits(relays, exclude=frozenset({"banned"}))
    assert [(found.relay.node_id, found.rank, found.verdict) for found in choice.exits] == [
        ("ok", 1, RouteVerdict.CHOSEN),
        ("draining", None, RouteVerdict.DRAINING),
        ("full", None, RouteVerdict.FULL),
        ("banned", None, RouteVerdict.EXCLUDED),
    ]
    assert entry(choice, "draining").because.startswith("it is draining and takes no new sessions; 1.0 ms to you")


@pytest.mark.parametrize(
    ("relays", "because"),
    [
        ([relay("a", 5, 7)], "the only relay that is free; 5.0 ms to you + 7.0 ms to the game (fra) = 12.0 ms"),
        ([relay("a", 5, 7), relay("b", 9, 9)], "the lowest total of 2 relays; 5.0 ms to you"),
        ([relay("a", 5), relay("b", 9)], "the lowest ping of 2 relays; 5.0 ms to you, its way to the game"),
        ([relay("a", answered=None), relay("b", answered=None)], "the least loaded of 2 relays; not measured"),
    ],
)
def test_the_player_is_told_why(relays: list[Relay], because: str) -> None:
    choice = choose_exits(relays)
    assert choice.chosen is not None
    assert choice.chosen.because.startswith(because)


def test_a_loser_is_told_by_how_much_and_what_was_held_against_it() -> None:
    choice = choose_exits([relay("a", 5, 5), relay("s", 6, 5), relay("b", 10, 10, loss=2, p95_ms=13, load=90)])
    assert entry(choice, "b").because == (
        "number 3 of 3, 46.9 ms behind a with all penalties; 10.0 ms to you + 10.0 ms to the game (fra) = 20.0 ms; "
        "counted worse by 6.0 ms for jitter, 20.0 ms for loss, 10.0 ms for load"
    )


def test_a_doubted_claim_and_what_players_found_are_in_the_sentence() -> None:
    boaster = relay("a", 5, 40, bias_ms=12)
    boaster = replace(boaster, leg=replace(boaster.leg, claimed_ms=1.0, doubted=True))
    assert choose_exits([boaster]).exits[0].because == (
        "the only relay that is free; 5.0 ms to you + 40.0 ms to the game (fra) + 12.0 ms that players measured on top "
        "= 57.0 ms; it claims 1.0 ms, which other relays' figures rule out"
    )


def test_a_total_is_predicted_only_when_both_ways_are_known() -> None:
    totals = [found.total_ms for found in (relay("a", 5, 7), relay("a", 5), relay("a", None, 7, answered=None))]
    assert totals == [12, None, None]


# --- direct or not ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direct", "boosted", "advice", "says"),
    [
        (Figure(58.0), relay("a", 20, 21), DirectAdvice.BOOST, "direct 58.0 ms, through a 41.0 ms: 17.0 ms less"),
        (Figure(45.0), relay("a", 20, 21), DirectAdvice.DIRECT, "a gain of 4.0 ms is less than 5 ms"),
        (Figure(30.0), relay("a", 20, 21), DirectAdvice.DIRECT, "a gain of -11.0 ms"),
        (Figure(30.0, 1.0), relay("a", 20, 21), DirectAdvice.BOOST, "loses 1.0 %, the other 0.0 %"),
        (Figure(30.0, 1.0), relay("a", 20, 21, loss=1), DirectAdvice.DIRECT, "a gain of"),
        (Figure(20.0, 5.0), relay("a", 20, 21), DirectAdvice.DIRECT, "a gain of -21.0 ms"),
        (Figure(30.0, p95_ms=45.0), relay("a", 20, 21), DirectAdvice.BOOST, "wavers by 15.0 ms, the other by 0.0 ms"),
        (Figure(30.0, p95_ms=45.0), relay("a", 20, 21, p95_ms=35), DirectAdvice.DIRECT, "a gain of"),
        (None, relay("a", 20, 21), DirectAdvice.UNKNOWN, "the direct way was not measured"),
        (Figure(None), relay("a", 20, 21), DirectAdvice.UNKNOWN, "the direct way does not answer"),
        (Figure(30.0), None, DirectAdvice.UNKNOWN, "no relay can be used"),
        (Figure(30.0), relay("a", 20), DirectAdvice.UNKNOWN, "the whole way through a is not known"),
    ],
)
def test_whether_the_booster_is_worth_it(
    direct: Figure | None, boosted: Relay | None, advice: DirectAdvice, says: str
) -> None:
    verdict = direct_verdict(direct, boosted)
    assert verdict.advice is advice
    assert says in verdict.because
    assert (verdict.gain_ms is None) == (advice is DirectAdvice.UNKNOWN)


# --- properties -------------------------------------------------------------------------------------------------------

MS = st.floats(0, 500)
RELAYS = st.lists(
    st.builds(
        lambda player_ms, leg_ms, loss, load, spread_ms, bias_ms: (player_ms, leg_ms, loss, load, spread_ms, bias_ms),
        MS,
        st.none() | MS,
        st.floats(0, 20),
        st.floats(0, 100),
        st.floats(0, 100),
        st.floats(0, 200),
    ),
    min_size=1,
    max_size=8,
)
Row = tuple[float, float | None, float, float, float, float]


def built(rows: list[Row]) -> list[Relay]:
    return [
        relay(f"r{number}", player, leg, loss=loss, load=load, p95_ms=player + spread, bias_ms=bias)
        for number, (player, leg, loss, load, spread, bias) in enumerate(rows)
    ]


def rank_of(relays: list[Relay], node_id: str) -> int:
    rank = entry(choose_exits(relays), node_id).rank
    assert rank is not None
    return rank


@given(RELAYS, st.data())
def test_a_worse_number_never_makes_a_relay_rank_better(rows: list[Row], data: st.DataObject) -> None:
    victim = data.draw(st.integers(0, len(rows) - 1))
    term = data.draw(st.sampled_from(["player", "leg", "loss", "load", "spread", "bias"]))
    by = data.draw(st.floats(0, 300))
    before = built(rows)
    player, leg, loss, load, spread, bias = rows[victim]
    worse: Row = {
        "player": (player + by, leg, loss, load, spread, bias),
        "leg": (player, None if leg is None else leg + by, loss, load, spread, bias),
        "loss": (player, leg, min(100.0, loss + by), load, spread, bias),
        "load": (player, leg, loss, min(100.0, load + by), spread, bias),
        "spread": (player, leg, loss, load, spread + by, bias),
        "bias": (player, leg, loss, load, spread, bias + by),
    }[term]
    after = built([*rows[:victim], worse, *rows[victim + 1 :]])
    scores = [found.score_ms for found in choose_exits(after).exits]
    # Equal to the last bits of a sum, two relays may change places by rounding alone.
    ties = sum(abs(score - entry(choose_exits(after), f"r{victim}").score_ms) < 1e-6 for score in scores) - 1
    assert rank_of(after, f"r{victim}") + ties >= rank_of(before, f"r{victim}")


@given(RELAYS, st.randoms(use_true_random=False))
def test_the_order_in_which_relays_are_given_changes_nothing(rows: list[Row], random: object) -> None:
    relays = built(rows)
    shuffled = list(relays)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert choose_exits(shuffled).exits == choose_exits(relays).exits


@given(st.lists(st.tuples(MS, MS), min_size=1, max_size=8))
def test_among_measured_clean_relays_none_has_a_lower_total_than_the_chosen_one(
    ways: list[tuple[float, float]],
) -> None:
    choice = choose_exits([relay(f"r{number}", player, leg) for number, (player, leg) in enumerate(ways)])
    assert choice.chosen is not None
    assert choice.chosen.relay.total_ms == pytest.approx(min(player + leg for player, leg in ways))


@given(RELAYS)
def test_exit_and_standby_never_share_a_host(rows: list[Row]) -> None:
    relays = [replace(found, hosts=frozenset({f"h{number % 3}"})) for number, found in enumerate(built(rows))]
    choice = choose_exits(relays)
    if choice.chosen is not None and choice.standby is not None:
        assert not choice.chosen.relay.shares_host(choice.standby.relay)
