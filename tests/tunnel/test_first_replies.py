"""Evidence about the whole way, and what it says of a relay's claim."""

import pytest

from plg.tunnel.first_replies import FAR_WORSE_MS, MAX_REPLY_MS, FirstReplies


def replies(*times_ms: float) -> FirstReplies:
    evidence = FirstReplies()
    for number, reply_ms in enumerate(times_ms):
        evidence.add(reply_ms, f"198.20.0.{number}:27015")
    return evidence


def test_before_any_reply_nothing_is_known_and_nothing_disproved() -> None:
    assert replies().best_ms is None
    assert not replies().disproves(1.0)


def test_the_quickest_first_reply_counts_because_a_busy_server_only_adds() -> None:
    evidence = replies(140.0, 43.0, 90.0)
    assert (evidence.best_ms, evidence.best_target) == (43.0, "198.20.0.1:27015")


@pytest.mark.parametrize("not_a_reply_ms", [0.0, -3.0, MAX_REPLY_MS + 1, float("nan")])
def test_times_that_no_reply_takes_are_left_out(not_a_reply_ms: float) -> None:
    evidence = replies(not_a_reply_ms)
    assert (evidence.flows, evidence.best_ms) == (0, None)


def test_a_relay_that_claimed_a_far_shorter_way_is_found_out_by_two_flows() -> None:
    assert replies(95.0, 99.0).disproves(21.0)
    assert not replies(95.0).disproves(21.0)


def test_a_game_server_that_thinks_for_a_tick_does_not_convict_its_relay() -> None:
    assert not replies(20.0 + 50.0, 20.0 + 55.0).disproves(20.0)
    assert not replies(150.0 + FAR_WORSE_MS, 250.0).disproves(150.0)


def test_a_claim_that_is_not_known_cannot_be_wrong() -> None:
    assert not replies(900.0, 900.0).disproves(None)
