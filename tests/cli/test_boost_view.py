"""The boost's changes in words."""

from pathlib import Path

import pytest

from plg.cli.boost_view import (
    REASONS,
    STATES,
    change_view,
    left_out_view,
    made_view,
    planned_view,
    put_back_view,
    show_changes,
    show_list,
    target_of,
    tweak_lines,
)
from plg.cli.boost_words import TWEAKS as WORDS
from plg.cli.language import Language, speak
from plg.contract.cli_output_boost import BoostDocument
from plg.machine.boost.changes import Made, PutBack
from plg.machine.boost.linux_system import GovernorSetting
from plg.machine.boost.plan import LeftOut, Plan, Step
from plg.machine.boost.setting import Outcome
from plg.machine.boost.tweaks import TWEAKS, tweaks_for
from plg.machine.change_journal import Change
from support.inside import invocation_at

STEP = Step(TWEAKS[0], GovernorSetting("policy0"), "schedutil", "performance")
CHANGE = Change("boost.nice", {"tweak": "nice", "where": {"pid": 7}, "before": {"7": "0"}, "after": "-5"})


def test_every_change_on_offer_has_words() -> None:
    assert set(WORDS) == {tweak.id for tweak in TWEAKS}


def test_every_state_and_reason_has_words() -> None:
    assert set(STATES) >= {outcome.value for outcome in Outcome} | {
        "planned",
        "changed",
        "unchanged",
        "refused",
        "active",
    }
    assert set(REASONS) == {"no_process", "not_installed", "not_offered", "gone", "refused"}


def test_a_step_before_and_after_it_was_made() -> None:
    view = planned_view(STEP)
    assert (view.tweak, view.target, view.before, view.after, view.state) == (
        "governor",
        "policy0",
        "schedutil",
        "performance",
        "planned",
    )
    assert planned_view(Step(TWEAKS[0], STEP.setting, "performance", "performance")).state == "unchanged"
    assert made_view(Made(STEP, "refused", "no right")).why == "no right"


def test_what_was_put_back_left_or_refused() -> None:
    assert put_back_view(PutBack(CHANGE, Outcome.RESTORED)).state == "restored"
    left = put_back_view(PutBack(CHANGE, Outcome.LEFT, now="7"))
    assert (left.state, left.why, left.target, left.before) == ("left", "now 7", "process 7", "0")
    assert put_back_view(PutBack(CHANGE, None, "no right")).state == "refused"


def test_an_entry_that_tells_nothing_is_still_shown() -> None:
    view = change_view(Change("boost.registry", {}), "active")
    assert (view.tweak, view.target, view.before) == ("boost.registry", "registry", "-")


def test_a_value_of_the_registry_is_told_by_its_whole_path() -> None:
    where = {"hive": "HKEY_CURRENT_USER", "path": "Software\\X", "name": "Y"}
    assert target_of("boost.registry", where) == "HKEY_CURRENT_USER\\Software\\X\\Y"


def test_changes_are_grouped_with_the_evidence_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = Step(TWEAKS[0], GovernorSetting("policy1"), "schedutil", "performance")
    plan = Plan([STEP, second], [LeftOut(TWEAKS[3], "not_installed"), LeftOut(TWEAKS[1], "refused", "why not")])
    document = BoostDocument(
        action="on", dry_run=True, game=None, processes=[],
        changes=[planned_view(step) for step in plan.steps], left_out=[left_out_view(left) for left in plan.left_out],
    )  # fmt: skip
    show_changes(invocation_at(tmp_path), document, plan)
    out = capsys.readouterr().out
    assert out.count("evidence: some") == 1
    assert "policy1: schedutil -> performance   would change" in out
    assert "gamemode: not installed" in out
    assert "nice: the system does not tell: why not" in out


def test_windows_list_says_what_is_made_only_when_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_list(invocation_at(tmp_path), "win32", tweaks_for("win32"))
    out = capsys.readouterr().out
    assert "evidence: strong" in out
    assert "only when named: --only mmcss" in out


def test_russian_says_the_same() -> None:
    speak(Language.RU)
    assert tweak_lines("nice", TWEAKS[1])[0] == "nice: игра впереди других программ (nice -5)"
