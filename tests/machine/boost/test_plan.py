"""From tweaks to the very changes on a machine."""

from pathlib import Path

from plg.machine.boost.plan import Machine, all_but_the_first, make_plan
from plg.machine.boost.tweaks import choose_tweaks
from plg.machine.boost.windows_system import HIGH_PERFORMANCE
from support.boosted_process import THREADS, boosted_process
from support.fake_registry import FakeRegistry
from support.requirements import require_linux


def copied_tree(root: Path) -> Path:
    for number, governor in enumerate(["powersave", "performance"]):
        folder = root / f"sys/devices/system/cpu/cpufreq/policy{number}"
        folder.mkdir(parents=True)
        (folder / "scaling_governor").write_text(f"{governor}\n")
        (folder / "scaling_available_governors").write_text("performance powersave\n")
    return root


def test_on_linux_governors_and_the_games_threads_are_planned_and_nothing_is_touched(tmp_path: Path) -> None:
    require_linux()
    root = copied_tree(tmp_path)
    with boosted_process() as game:
        before = game.nice_values()
        machine = Machine(root, "linux", gamemode_there=lambda: False)
        plan = make_plan(choose_tweaks("linux"), [game.identity], machine)
        assert [(step.tweak.id, step.after, step.changes_nothing) for step in plan.steps] == [
            ("governor", "performance", False),
            ("governor", "performance", True),
            ("nice", "-5", False),
            ("ionice", "best-effort 0", False),
        ]
        assert [(left.tweak.id, left.reason) for left in plan.left_out] == [("gamemode", "not_installed")]
        assert isinstance(plan.steps[2].before, dict)
        assert len(plan.steps[2].before) == THREADS
        assert game.nice_values() == before
    assert (root / "sys/devices/system/cpu/cpufreq/policy0/scaling_governor").read_text() == "powersave\n"


def test_without_a_process_what_belongs_to_one_is_left_out() -> None:
    plan = make_plan(choose_tweaks("linux"), [], Machine(Path("/nowhere"), "linux", gamemode_there=lambda: True))
    assert plan.steps == []
    assert [(left.tweak.id, left.reason) for left in plan.left_out] == [
        ("governor", "not_offered"),
        ("nice", "no_process"),
        ("ionice", "no_process"),
        ("gamemode", "no_process"),
    ]


def test_a_process_that_ended_before_it_was_looked_at_is_left_out() -> None:
    require_linux()
    with boosted_process() as game:
        identity = game.identity
    plan = make_plan(choose_tweaks("linux", ("nice",)), [identity], Machine(system="linux"))
    assert [left.reason for left in plan.left_out] == ["gone"]


def test_on_windows_the_registry_and_the_power_scheme_are_planned() -> None:
    registry = FakeRegistry()
    registry.put("HKCU", r"System\GameConfigStore", "GameDVR_Enabled", 1)
    answers = {"/list": HIGH_PERFORMANCE, "/getactivescheme": f"GUID: {'0' * 8}-0000-0000-0000-{'0' * 12} (Own)"}
    machine = Machine(system="win32", registry=registry, run=lambda argv: answers[argv[1]])
    plan = make_plan(choose_tweaks("win32"), [], machine)
    planned = {(step.tweak.id, step.setting.where.get("name"), step.before, step.after) for step in plan.steps}
    assert planned == {
        ("game-dvr", "AppCaptureEnabled", None, 0),
        ("game-dvr", "GameDVR_Enabled", 1, 0),
        ("game-mode", "AllowAutoGameMode", None, 1),
        ("game-mode", "AutoGameModeEnabled", None, 1),
        ("power-plan", None, "00000000-0000-0000-0000-000000000000", HIGH_PERFORMANCE),
        ("timer", "GlobalTimerResolutionRequests", None, 1),
    }
    assert [(left.tweak.id, left.reason) for left in plan.left_out] == [("priority", "no_process")]


def test_a_scheme_that_the_machine_hides_is_not_offered() -> None:
    machine = Machine(system="win32", registry=FakeRegistry(), run=lambda _argv: "only Balanced")
    plan = make_plan(choose_tweaks("win32", ("power-plan",)), [], machine)
    assert [left.reason for left in plan.left_out] == ["not_offered"]


def test_the_first_processor_is_left_free_only_where_there_are_many() -> None:
    assert all_but_the_first()
