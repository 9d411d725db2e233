"""The doctor's findings in words, and its exit codes."""

import pytest

from plg.cli.doctor_view import (
    doctor_document,
    exit_code,
    finding_lines,
    progress_line,
    seen_text,
    step_text,
    summary_line,
)
from plg.cli.exit_codes import ExitCode
from plg.cli.language import Language, speak
from plg.doctor.codes import Code
from plg.doctor.finding import Finding, Verdict

CLOCK = Finding("clock", Verdict.WARN, Code.CLOCK_OFF, {"ahead_s": -90.0, "tolerated_s": 60}, 0.25)
LINE = Finding("line", Verdict.OK, Code.LINE_CLEAN, {"router_ms": 0.6, "router_jitter_ms": 0.1, "relay_ms": 21.0})
LOGIN = Finding("login", Verdict.FAIL, Code.LOGIN_NONE)
UNSURE = Finding("nat", Verdict.UNKNOWN, Code.NO_SERVER)


def test_a_finding_is_a_line_with_numbers_and_one_with_the_next_step() -> None:
    first, second = finding_lines(CLOCK)
    assert first == "warning   clock           -90 s from the server's clock; sessions work, times shown are wrong"
    assert second.strip() == "-> let the system set the clock (on Linux: timedatectl set-ntp true)"
    assert len(finding_lines(LINE)) == 1


def test_the_places_of_the_line_are_told_in_their_order() -> None:
    assert seen_text(LINE) == "no trouble on the way: router 0.6 ms, relay 21 ms"


def test_russian_says_the_same() -> None:
    speak(Language.RU)
    assert seen_text(LINE) == "по пути всё в порядке: роутер 0.6 мс, ретранслятор 21 мс"
    assert "plg login" in str(step_text(LOGIN))
    assert summary_line([CLOCK, LOGIN, UNSURE]) == "3 проверки: 1 ошибка, 1 предупреждение, не удалось узнать: 1"


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([LINE, UNSURE], ExitCode.OK),
        ([LINE, CLOCK], ExitCode.DOCTOR_WARNS),
        ([CLOCK, LOGIN], ExitCode.DOCTOR_FAILS),
        ([], ExitCode.OK),
    ],
)
def test_the_exit_code_is_the_gravest_verdict(findings: list[Finding], code: ExitCode) -> None:
    assert exit_code(findings) is code


def test_the_summary_counts() -> None:
    assert summary_line([CLOCK, LOGIN, UNSURE]) == "3 checks: 1 failure, 1 warning, 1 could not be told"


def test_progress_names_what_is_waited_for() -> None:
    assert progress_line(["line", "mtu"], 15, 80) == "13 of 15 checks done; waiting for: line, mtu"
    assert progress_line(["line", "mtu"], 15, 30) == "13 of 15 checks done; wait..."
    assert len(progress_line(["line", "mtu"], 15, 30)) < 30


def test_the_document_has_words_and_facts() -> None:
    document = doctor_document([CLOCK, LOGIN], server="https://plg.example.org", game="cs2", system="Linux")
    assert (document.schema, document.verdict) == ("plg.doctor/1", "fail")
    view = document.checks[0]
    assert (view.id, view.verdict, view.code, view.seconds) == ("clock", "warn", "clock_off", 0.25)
    assert view.facts == {"ahead_s": -90.0, "tolerated_s": 60}
    assert view.next_step
