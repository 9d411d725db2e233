"""Which exit is taken: the server's order, checked with own measurements, kept steady."""

from hypothesis import given
from hypothesis import strategies as st

from plg.contract.routes import RouteVerdict
from plg.probe.relay_ping import RelayPing
from plg.tunnel.exit_choice import (
    Because,
    ExitOrder,
    RankedExit,
    loss_cost_ms,
    order_exits,
    ranked_exits,
    switch_gain_ms,
)
from support.route_bodies import route_candidate, route_report


def ping(
    node_id: str, rtt_ms: float | None, loss_percent: float = 0.0, *, full: bool = False, draining: bool = False
) -> RelayPing:
    return RelayPing(node_id, rtt_ms, 0.0, loss_percent, draining=draining, full=full)


def ids(order: ExitOrder) -> list[str]:
    return [entry.node_id for entry in order.exits]


A = RankedExit("a", score_ms=40, leg_ms=10)
B = RankedExit("b", score_ms=45, leg_ms=20)
C = RankedExit("c", score_ms=60, leg_ms=5)


def test_the_servers_order_stands_when_the_own_measurement_agrees() -> None:
    order = order_exits([A, B, C], [ping("a", 30), ping("b", 25), ping("c", 55)])
    assert (ids(order), order.because, order.overruled) == (["a", "b", "c"], Because.SERVER_ORDER, None)
    assert order.chosen is not None
    assert (order.chosen.own_ms, order.chosen.total_ms) == (30, 40)


def test_the_own_measurement_overrules_a_server_that_was_told_wrong_numbers() -> None:
    order = order_exits([A, B, C], [ping("a", 80), ping("b", 25), ping("c", 55)])
    assert (ids(order), order.because, order.overruled) == (["b", "c", "a"], Because.OWN_MEASUREMENT, "a")
    assert order.gain_ms == 45


def test_less_than_the_noise_of_two_measurements_overrules_nobody() -> None:
    order = order_exits([A, B], [ping("a", 30), ping("b", 18.5)])
    assert (ids(order), order.because) == (["a", "b"], Because.SERVER_ORDER)


def test_own_loss_counts_against_an_exit() -> None:
    order = order_exits([A, B], [ping("a", 30, 2.0), ping("b", 25)])
    assert (ids(order), order.overruled) == (["b", "a"], "a")


def test_loss_of_the_leg_and_further_penalties_of_the_server_stay_in_the_score() -> None:
    lossy = RankedExit("a", score_ms=70, leg_ms=10, leg_loss_percent=2.0, other_ms=10)
    (entry,) = order_exits([lossy], [ping("a", 30)]).exits
    assert (entry.total_ms, entry.score_ms) == (40, 70)


def test_exits_that_are_silent_full_or_closing_down_come_last_and_are_not_used() -> None:
    order = order_exits([A, B, C], [ping("a", None), ping("b", 25, full=True), ping("c", 55, draining=True)])
    assert (order.chosen, order.because, order.exit_ids()) == (None, Because.NOTHING_USABLE, [])


def test_a_silent_first_exit_is_overruled() -> None:
    order = order_exits([A, B], [ping("a", None), ping("b", 25)])
    assert (ids(order), order.because, order.overruled) == (["b", "a"], Because.OWN_MEASUREMENT, "a")


def test_an_exit_that_the_server_forbids_is_not_used_however_near_it_is() -> None:
    order = order_exits([RankedExit("near", None, 1), B], [ping("near", 1), ping("b", 25)])
    assert order.exit_ids() == ["b"]


def test_an_exit_that_was_not_measured_again_counts_with_the_servers_score() -> None:
    order = order_exits([A, B, C], [ping("a", 80), ping("b", 70)])
    assert ids(order) == ["c", "a", "b"]
    assert order.exits[0].total_ms is None


def test_the_previous_exit_is_kept_for_less_than_ten_milliseconds() -> None:
    order = order_exits([A, B], [ping("a", 30), ping("b", 29)], previous="b")
    assert (ids(order), order.because, order.gain_ms) == (["b", "a"], Because.KEPT_PREVIOUS, 9)


def test_at_a_long_distance_fifteen_percent_are_needed() -> None:
    far, farther = RankedExit("far", 200, 0), RankedExit("farther", 220, 0)
    kept = order_exits([far, farther], [ping("far", 200), ping("farther", 220)], previous="farther")
    left = order_exits([far, farther], [ping("far", 180), ping("farther", 220)], previous="farther")
    assert (ids(kept)[0], ids(left)[0]) == ("farther", "far")
    assert left.because is Because.SERVER_ORDER


def test_a_previous_exit_that_is_the_best_anyway_gains_nothing_to_mention() -> None:
    order = order_exits([A, B], [ping("a", 30), ping("b", 25)], previous="a")
    assert (ids(order), order.because, order.gain_ms) == (["a", "b"], Because.KEPT_PREVIOUS, None)


def test_a_previous_exit_that_is_silent_or_gone_is_left() -> None:
    assert ids(order_exits([A, B], [ping("a", 30), ping("b", None)], previous="b"))[0] == "a"
    assert ids(order_exits([A, B], [ping("a", 30), ping("b", 25)], previous="gone"))[0] == "a"


def test_a_session_request_names_at_most_three_exits() -> None:
    many = [RankedExit(str(number), 40 + number, 0) for number in range(5)]
    assert order_exits(many, []).exit_ids() == ["0", "1", "2"]


def test_without_candidates_there_is_no_exit() -> None:
    order = order_exits([], [])
    assert (order.exits, order.chosen, order.because) == ((), None, Because.NOTHING_USABLE)


def test_loss_never_costs_more_than_its_limit() -> None:
    assert (loss_cost_ms(0.5), loss_cost_ms(100)) == (5, 100)


def test_an_exit_that_the_server_itself_rules_out_counts_as_no_order_of_the_server() -> None:
    order = order_exits([RankedExit("draining", None, 1), A], [ping("a", 30)])
    assert (ids(order), order.because) == (["a", "draining"], Because.SERVER_ORDER)


def test_the_servers_report_is_taken_apart_into_what_it_knows_better_and_what_was_measured_here() -> None:
    candidate = route_candidate(
        "a", client_ms=30, game_leg_ms=12, bias_ms=3, loss_penalty_ms=5, load_penalty_ms=7, client_loss_percent=0.2
    )
    (ranked,) = ranked_exits(route_report(candidate))
    assert ranked == RankedExit("a", score_ms=57, leg_ms=15, leg_loss_percent=0.3, other_ms=7)
    same = order_exits([ranked], [ping("a", 30, 0.2)]).exits[0]
    assert (same.total_ms, same.score_ms) == (45, 57)


def test_a_leg_that_is_not_known_keeps_what_the_server_counted_in_its_place() -> None:
    candidate = route_candidate("a", client_ms=30, game_leg_ms=None, score_ms=130)
    (ranked,) = ranked_exits(route_report(candidate))
    assert (ranked.leg_ms, ranked.score_ms) == (100, 130)


def test_only_exits_that_may_be_chosen_are_candidates() -> None:
    verdicts = {verdict: ranked_exits(route_report(route_candidate("a", verdict=verdict))) for verdict in RouteVerdict}
    usable = {verdict for verdict, (ranked,) in verdicts.items() if ranked.score_ms is not None}
    assert usable == {RouteVerdict.CHOSEN, RouteVerdict.STANDBY, RouteVerdict.POSSIBLE}


rtts = st.floats(1, 300)
exits = st.lists(rtts, min_size=1, max_size=6).map(
    lambda scores: [RankedExit(str(place), score, score / 2) for place, score in enumerate(sorted(scores))]
)


@given(exits, st.data())
def test_every_candidate_is_in_the_order_once_and_usable_ones_first(
    candidates: list[RankedExit], data: st.DataObject
) -> None:
    own = [ping(entry.node_id, data.draw(st.none() | rtts)) for entry in candidates]
    order = order_exits(candidates, own, data.draw(st.none() | st.sampled_from(candidates).map(lambda e: e.node_id)))
    assert sorted(ids(order)) == sorted(entry.node_id for entry in candidates)
    usable = [entry.is_usable for entry in order.exits]
    assert usable == sorted(usable, reverse=True)


@given(exits, st.data())
def test_measuring_again_and_again_never_makes_the_choice_swing(
    candidates: list[RankedExit], data: st.DataObject
) -> None:
    """Noise of up to 4 ms on each ping: the exit that was chosen once stays."""
    noise = st.floats(-2, 2)
    base = {entry.node_id: data.draw(st.floats(10, 300)) for entry in candidates}
    chosen: str | None = None
    seen = set()
    for _ in range(6):
        own = [ping(node_id, rtt + data.draw(noise)) for node_id, rtt in base.items()]
        order = order_exits(candidates, own, chosen)
        assert order.chosen is not None
        chosen = order.chosen.node_id
        seen.add(chosen)
    assert len(seen) == 1


@given(st.floats(0, 1000))
def test_a_change_needs_both_thresholds(current_ms: float) -> None:
    assert switch_gain_ms(current_ms) >= 10
    assert switch_gain_ms(current_ms) >= 0.15 * current_ms
