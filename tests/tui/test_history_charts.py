"""Sessions as points and bars."""

from hypothesis import given
from hypothesis import strategies as st

from plg_tui.graph_drawing import Marks
from plg_tui.history_charts import bar, gain_groups, gain_ms, ping_lines, report_lines, shares_bar, stretched
from support.played_sessions import BENCHED, PLAYED, record


def test_a_gain_needs_both_pings() -> None:
    assert gain_ms(record(1, 30.0, 52.5)) == 22.5
    assert gain_ms(record(1, 52.5, 30.0)) == -22.5
    assert gain_ms(record(1, None, 30.0)) is None
    assert gain_ms(record(1, 30.0, None)) is None


def test_lines_run_from_the_oldest_to_the_newest_and_leave_out_what_has_no_ping() -> None:
    lines = ping_lines([record(1, 30.0, 50.0), record(2, None, None), record(3, None, 60.0)])
    assert (lines.boosted, lines.direct) == ([None, 30.0], [60.0, 50.0])
    assert not lines.is_empty
    assert ping_lines([record(2, None, None)]).is_empty
    assert ping_lines([]).is_empty


def test_few_sessions_fill_the_width_and_of_many_the_newest_stay() -> None:
    assert stretched([1.0, None], 4) == [1.0, 1.0, None, None]
    assert stretched([1.0, 2.0, 3.0], 2) == [2.0, 3.0]
    assert stretched([], 5) == []


@given(st.lists(st.floats(0, 500) | st.none(), min_size=1, max_size=300), st.integers(1, 300))
def test_there_are_always_as_many_points_as_room_and_the_last_is_the_newest(
    points: list[float | None], count: int
) -> None:
    drawn = stretched(points, count)
    assert len(drawn) == count
    assert drawn[-1] == points[-1]


def test_groups_of_gain_count_each_session_once() -> None:
    pairs = [
        (10.0, 60.0),
        (10.0, 50.0),
        (10.0, 49.9),
        (10.0, 11.5),
        (10.0, 10.9),
        (10.0, 9.5),
        (10.0, 8.9),
        (None, 9.0),
    ]
    counts = gain_groups(record(number, plg, direct) for number, (plg, direct) in enumerate(pairs))
    assert counts == [2, 1, 1, 2, 1]
    assert sum(gain_groups(PLAYED)) == 7


def test_a_bar_is_never_empty_for_what_is_not_zero_and_never_too_long() -> None:
    assert bar(0, 10, 8, Marks.BRAILLE) == ""
    assert bar(1, 1000, 8, Marks.BRAILLE) == "█"
    assert bar(10, 10, 8, Marks.ASCII) == "########"
    assert bar(5, 0, 8, Marks.ASCII) == ""


@given(st.lists(st.floats(-5, 1e6), min_size=3, max_size=3), st.integers(1, 40))
def test_shares_fill_the_bar_whatever_a_server_says(percents: list[float], width: int) -> None:
    shown = shares_bar(percents, width, Marks.BLOCK)
    assert len(shown) in {0, width}


def test_shares_differ_by_their_sign_not_by_colour() -> None:
    assert shares_bar([50.0, 25.0, 25.0], 8, Marks.ASCII) == "++++..--"
    assert shares_bar([0.0, 0.0, 0.0], 8, Marks.ASCII) == ""


def test_reports_run_from_the_oldest_to_the_newest_with_both_ways() -> None:
    lines = report_lines(BENCHED[:2])
    assert (lines.boosted, lines.direct) == ([30.1, 29.5], [51.4, 52.0])
    assert report_lines([]).is_empty
