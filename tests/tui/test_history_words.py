"""Sessions and benchmarks in words."""

import pytest
from msgspec.structs import replace

from plg.cli.language import Language, speak
from plg_tui import history_words as words
from plg_tui.graph_drawing import Marks
from support.played_sessions import BENCHED, PLAYED, SUMMARIES, record
from support.time_zone import time_zone


def test_a_time_is_this_machine_s() -> None:
    with time_zone("UTC"):
        assert words.when("2026-01-20T18:30:00Z") == "2026-01-20 18:30"
    with time_zone("MSK-3"):
        assert words.when("2026-01-20T22:30:00Z") == "2026-01-21 01:30"


@pytest.mark.parametrize("odd", ["", "yesterday", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "\x1b[31m"])
def test_a_time_that_is_none_is_shown_safely(odd: str) -> None:
    assert "\x1b" not in words.when(odd)


def test_what_is_not_known_is_a_question_mark() -> None:
    unknown = replace(record(1, None, 50.0), loss_up_percent=None, loss_down_percent=None)
    row = dict(zip(words.session_titles(), words.session_row(unknown), strict=True))
    assert (row["PLG"], row["Direct"], row["Gain"], row["Lost"]) == ("?", "50", "?", "?")


def test_a_row_says_what_a_session_gave() -> None:
    row = dict(zip(words.session_titles(), words.session_row(record(1, 30.0, 52.0)), strict=True))
    assert (row["Gain"], row["Lost"], row["Length"], row["Saved"]) == ("+22", "0.4 %", "0:30:01", "44")
    running = replace(record(1, 30.0, 52.0), ended_at=None)
    assert "runs now" in words.session_row(running)


def test_the_narrow_row_is_a_part_of_the_whole() -> None:
    assert max(words.NARROW_SESSION) < len(words.session_titles()) == len(words.session_row(PLAYED[0]))


def test_totals_say_when_they_are_not_all_there_are() -> None:
    assert words.totals(PLAYED, len(PLAYED), 0).startswith("8 sessions, 4:00:28, 176.0 MB, 372 packets saved")
    assert words.totals(PLAYED, 500, 200).startswith("8 sessions (201 to 208 of 500), ")
    speak(Language.RU)
    assert words.totals(PLAYED[:1], 1, 0).startswith("1 сеанс, ")


def test_the_last_session_in_one_line() -> None:
    with time_zone("UTC"):
        text = words.last_session(record(0, 30.0, 52.0))
    assert text == "Last session: 2026-01-20 18:30, 0:30:00, 30 ms, direct 52 ms"
    assert "direct" not in words.last_session(record(0, None, 52.0))


def test_groups_of_gain_are_drawn_only_when_a_gain_was_measured() -> None:
    assert words.gain_lines([record(1, None, 50.0)], 40, Marks.BRAILLE) == []
    lines = words.gain_lines(PLAYED, 38, Marks.ASCII)
    assert len(lines) == 5
    assert max(map(len, lines)) <= 38
    assert lines[0].startswith("40+ ms better")
    assert lines[0].endswith("#")


def test_a_benchmark_s_shares_are_figures_beside_the_bar() -> None:
    row = words.benchmark_row(SUMMARIES.summaries[0], Marks.ASCII)
    assert row == ("openarena", "eu-central", "21", "51", "34", "-16", "++++.... 55/40/5 %")
    assert len(row) == len(words.benchmark_titles())


def test_an_own_report_has_both_pings_the_change_with_its_interval_and_a_verdict_in_words() -> None:
    row = dict(zip(words.own_benchmark_titles(), words.own_benchmark_row(BENCHED[0]), strict=True))
    assert (row["Direct"], row["PLG"], row["Verdict"]) == ("52", "30", "better")
    assert (row["Change"], row["Lost"], row["Relay"]) == ("-22.5 (-24.5…-20.5)", "0.4 / 0.0 %", "Frankfurt 1")
    gone = words.own_benchmark_row(replace(BENCHED[2], node_name=None))
    assert (gone[2], gone[3], gone[-1]) == ("?", "?", "no difference")
    assert max(words.NARROW_OWN) < len(words.own_benchmark_titles())


def test_the_note_counts_verdicts_and_says_how_sure_the_interval_is() -> None:
    assert words.own_benchmark_note(BENCHED, 5) == (
        "5 reports: 3 better, 1 no difference, 1 worse; in brackets: 95 % interval"
    )
    assert words.own_benchmark_note(BENCHED[:1], 7).startswith("1 report of 7: 1 better")
    assert words.own_benchmark_note([], 0) == "0 reports"
    speak(Language.RU)
    assert words.own_benchmark_note(BENCHED, 5).startswith("5 отчётов: ")


def test_the_legend_draws_the_lines_as_the_graph_does() -> None:
    assert words.ping_legend(Marks.BRAILLE) == "Ping, ms: ━━━ PLG  ╍╍╍ direct"
    assert words.ping_legend(Marks.ASCII).isascii()
