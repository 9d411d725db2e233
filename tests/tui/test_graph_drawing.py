"""Lines in cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_tui.graph_drawing import DOTS, Line, Marks, Scale, draw, scale_of

POINTS = st.lists(st.none() | st.floats(0, 5_000), max_size=60)


def picture(
    boosted: list[float | None], direct: list[float | None], width: int, height: int, marks: Marks
) -> list[str]:
    rows = draw(boosted, direct, width=width, height=height, marks=marks, scale=Scale(0.0, 10.0))
    return ["".join(run.text for run in row) for row in rows]


def test_a_rising_line_climbs_from_the_left_below_to_the_right_above() -> None:
    assert picture([0.0, 5.0, 10.0], [], 3, 3, Marks.ASCII) == ["  *", " **", "** "]


def test_a_line_of_braille_has_two_by_four_dots_in_a_cell() -> None:
    assert picture([0.0, 10.0], [], 1, 1, Marks.BRAILLE) == ["⣸"]
    assert picture([10.0, 10.0], [], 1, 1, Marks.BRAILLE) == ["⠉"]
    assert picture([10.0], [0.0], 1, 1, Marks.BLOCK) == ["█"]


def test_the_direct_line_has_gaps_so_that_it_is_known_without_colour() -> None:
    assert picture([], [5.0] * 12, 12, 1, Marks.ASCII) == ["----    ----"]
    assert picture([5.0] * 12, [5.0] * 12, 12, 1, Marks.ASCII) == ["************"]


def test_what_is_not_known_is_a_gap() -> None:
    assert picture([5.0, None, 5.0], [], 4, 1, Marks.ASCII) == [" * *"]


@pytest.mark.parametrize("marks", Marks)
@given(boosted=POINTS, direct=POINTS, width=st.integers(1, 40), height=st.integers(1, 12))
def test_every_row_fills_its_width_whatever_the_points_are(
    marks: Marks, boosted: list[float | None], direct: list[float | None], width: int, height: int
) -> None:
    rows = draw(boosted, direct, width=width, height=height, marks=marks, scale=scale_of(boosted, direct))
    assert [sum(len(run.text) for run in row) for row in rows] == [width] * height
    shown = boosted[-width * DOTS[marks][0] :]
    drawn = any(run.line is Line.BOOSTED for row in rows for run in row)
    assert drawn is any(value is not None for value in shown)


@given(st.lists(st.floats(0, 5_000), min_size=1, max_size=30))
def test_the_scale_holds_every_value_and_is_never_so_close_that_noise_looks_big(values: list[float]) -> None:
    scale = scale_of(values)
    assert scale.low_ms <= min(values)
    assert max(values) <= scale.high_ms
    assert scale.high_ms - scale.low_ms >= 4.0


def test_without_values_there_is_a_scale_too() -> None:
    assert scale_of([], [None]) == Scale(0.0, 10.0)
