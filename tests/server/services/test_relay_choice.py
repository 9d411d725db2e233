"""Which relay, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.contract.nodes import NodeGameLeg
from plg_server.services.relay_choice import Candidate, choose_relay


def relay(
    node_id: str,
    rtt_ms: float | None = None,
    leg_ms: float | None = None,
    *,
    load: float = 0.0,
    loss: float = 0.0,
    answered: bool | None = True,
) -> Candidate:
    leg = NodeGameLeg(region="fra" if leg_ms is not None else None, rtt_ms=leg_ms, loss_percent=0.0, estimated=False)
    return Candidate(
        node_id=node_id, name=node_id, load_percent=load, answered=answered, rtt_ms=rtt_ms, loss_percent=loss, leg=leg
    )


def chosen(*candidates: Candidate) -> str:
    choice = choose_relay(list(candidates))
    assert choice is not None
    return choice.node_id


def test_the_lowest_total_wins_not_the_nearest_relay() -> None:
    assert chosen(relay("near", 5, 60), relay("far", 30, 5)) == "far"


def test_loss_and_load_count_as_milliseconds() -> None:
    assert chosen(relay("lossy", 10, 10, loss=3), relay("clean", 30, 10)) == "clean"
    assert chosen(relay("loaded", 10, 10, load=99), relay("free", 20, 10)) == "free"
    assert chosen(relay("half", 10, 10, load=60), relay("empty", 10, 10)) == "empty"


def test_an_unknown_way_to_the_game_is_no_advantage() -> None:
    assert chosen(relay("unknown", 5, None), relay("known", 20, 30)) == "known"
    assert chosen(relay("unknown", 5, None), relay("known", 20, 100)) == "unknown"


def test_without_any_known_way_the_nearest_relay_wins() -> None:
    assert chosen(relay("near", 5), relay("far", 9)) == "near"


def test_a_relay_that_did_not_answer_comes_last() -> None:
    silent, unmeasured = relay("silent", None, 1, answered=False), relay("unmeasured", None, 1, answered=None)
    assert chosen(silent, unmeasured, relay("slow", 300, 100)) == "slow"
    assert chosen(silent, unmeasured) == "unmeasured"
    assert chosen(silent) == "silent"


def test_no_candidate_no_choice() -> None:
    assert choose_relay([]) is None


@pytest.mark.parametrize(
    ("candidates", "asked", "because"),
    [
        ([relay("a", 5, 7)], True, "you asked for it; 5.0 ms to you + 7.0 ms to the game (fra) = 12.0 ms"),
        ([relay("a", 5, 7)], False, "the only relay that is free; 5.0 ms to you + 7.0 ms to the game (fra) = 12.0 ms"),
        ([relay("a", 5, 7), relay("b", 9, 9)], False, "the lowest total of 2 relays; 5.0 ms to you"),
        ([relay("a", 5), relay("b", 9)], False, "the lowest ping of 2 relays; 5.0 ms to you, its way to the game"),
        ([relay("a", answered=None), relay("b", answered=None)], False, "the least loaded of 2 relays; not measured"),
    ],
)
def test_the_player_is_told_why(candidates: list[Candidate], asked: bool, because: str) -> None:
    choice = choose_relay(candidates, asked_for=asked)
    assert choice is not None
    assert choice.because.startswith(because)


def test_a_total_is_predicted_only_when_both_ways_are_known() -> None:
    predictions = [choose_relay([candidate]) for candidate in (relay("a", 5, 7), relay("a", 5), relay("a", None, 7))]
    assert [choice and choice.predicted_total_ms for choice in predictions] == [12, None, None]


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=8))
def test_among_measured_clean_relays_none_has_a_lower_total_than_the_chosen_one(
    ways: list[tuple[float, float]],
) -> None:
    candidates = [relay(f"r{number}", rtt, leg) for number, (rtt, leg) in enumerate(ways)]
    choice = choose_relay(candidates)
    assert choice is not None
    assert choice.predicted_total_ms == pytest.approx(min(rtt + leg for rtt, leg in ways))
