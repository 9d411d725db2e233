"""A few cells that show how a value went."""

import pytest

from plg_tui.graph_drawing import Marks
from plg_tui.live_strip import StripHistory, strip


def test_the_highest_value_stands_highest_and_a_loss_is_a_cross() -> None:
    assert strip([10, 30, None, 20], 4, Marks.BRAILLE) == "▁▇×▄"
    assert strip([10, 30, None, 20], 4, Marks.ASCII) == "_^x-"


def test_the_newest_stand_at_the_right() -> None:
    assert strip([1, 1], 4, Marks.BLOCK) == "  ▁▁"
    assert strip([50, 1, 1], 2, Marks.BLOCK) == "▁▁"


def test_noise_is_no_mountain() -> None:
    assert set(strip([20.0, 20.3, 20.1], 3, Marks.BLOCK)) == {"▁"}


@pytest.mark.parametrize("values", [[], [None], [None, None]])
def test_nothing_known_is_drawn_too(values: list[float | None]) -> None:
    assert len(strip(values, 3, Marks.BRAILLE)) == 3
    assert strip(values, 0, Marks.BRAILLE) == ""


def test_of_a_second_the_worst_is_kept() -> None:
    history = StripHistory(3)
    for at_s, value in ((1.0, 5.0), (1.4, 9.0), (1.9, None), (2.0, None), (3.5, 4.0), (4.1, 1.0), (4.2, 2.0)):
        history.take(at_s, value)
    assert history.values() == [None, 4.0, 2.0]
