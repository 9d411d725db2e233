"""The replay window against a plain set."""

from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.constants import REPLAY_WINDOW
from plg.protocol.sequence_window import SequenceWindow


@given(st.lists(st.integers(min_value=-3, max_value=3 * REPLAY_WINDOW), max_size=300))
def test_it_accepts_what_a_set_with_the_same_bound_accepts(numbers: list[int]) -> None:
    window = SequenceWindow()
    seen: set[int] = set()
    top = -1
    for number in numbers:
        expected = number >= 0 and number > top - REPLAY_WINDOW and number not in seen
        assert window.accept(number) == expected
        if expected:
            seen.add(number)
            top = max(top, number)
    assert window.top == top


def test_numbers_far_apart_that_share_a_slot_are_told_apart() -> None:
    window = SequenceWindow()
    assert window.accept(5)
    assert window.accept(5 + REPLAY_WINDOW)
    assert not window.accept(5)
    assert not window.accept(5 + REPLAY_WINDOW)
