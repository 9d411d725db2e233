"""The frequency governor on a copied tree, and GameMode by what its bus says."""

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from plg.machine.boost.linux_system import (
    CPUFREQ,
    NOT_REGISTERED,
    REGISTERED,
    GameModeSetting,
    GovernorSetting,
    governor_settings,
    has_gamemode,
    run_command,
)
from plg.machine.boost.setting import Outcome, SettingGone, SettingRefused
from support.boosted_process import BoostedProcess, boosted_process
from support.gamemode_bus import gamemode_bus
from support.requirements import require_linux


def policy(root: Path, name: str, governor: str = "powersave", offered: str = "performance powersave") -> Path:
    folder = root / CPUFREQ / name
    folder.mkdir(parents=True)
    (folder / "scaling_governor").write_text(f"{governor}\n")
    (folder / "scaling_available_governors").write_text(f"{offered}\n")
    return folder / "scaling_governor"


def test_policies_that_offer_performance_are_found_in_their_order(tmp_path: Path) -> None:
    for name in ("policy10", "policy2", "policy0"):
        policy(tmp_path, name)
    policy(tmp_path, "policy3", offered="schedutil powersave")
    (tmp_path / CPUFREQ / "boost").mkdir()
    found = [setting.where["policy"] for setting in governor_settings(tmp_path)]
    assert found == ["policy0", "policy2", "policy10"]
    assert governor_settings(tmp_path / "none") == []


def test_a_governor_is_changed_and_put_back(tmp_path: Path) -> None:
    file = policy(tmp_path, "policy0", "schedutil")
    setting = GovernorSetting("policy0", tmp_path)
    assert setting.read() == "schedutil"
    setting.write("performance")
    assert file.read_text() == "performance\n"
    assert setting.restore("schedutil", "performance") is Outcome.RESTORED
    assert file.read_text() == "schedutil\n"


def test_a_governor_that_somebody_else_chose_since_is_left(tmp_path: Path) -> None:
    file = policy(tmp_path, "policy0", "ondemand")
    assert GovernorSetting("policy0", tmp_path).restore("powersave", "performance") is Outcome.LEFT
    assert file.read_text() == "ondemand\n"


def test_a_processor_that_was_taken_out_is_gone_and_nothing_is_made_in_its_place(tmp_path: Path) -> None:
    setting = GovernorSetting("policy7", tmp_path)
    for act in (setting.read, lambda: setting.write("performance")):
        with pytest.raises(SettingGone):
            act()
    assert not (tmp_path / CPUFREQ).exists()


@pytest.mark.parametrize("name", ["../../../etc", "policy", "policy0/../x", ""])
def test_a_path_is_no_policy(name: str) -> None:
    with pytest.raises(ValueError, match="policy"):
        GovernorSetting(name)


def test_only_names_of_governors_are_written(tmp_path: Path) -> None:
    file = policy(tmp_path, "policy0")
    with pytest.raises(SettingRefused):
        GovernorSetting("policy0", tmp_path).write("x\ny")
    assert file.read_text() == "powersave\n"


class Bus:
    """GameMode's answers as `busctl call` prints them."""

    def __init__(self) -> None:
        self.registered: set[str] = set()
        self.said: list[str] = []
        self.answer: str | None = None

    def __call__(self, argv: Sequence[str]) -> str:
        assert argv[:4] == ("busctl", "--user", "call", "com.feralinteractive.GameMode")
        method, kind, pid = argv[-3:]
        assert kind == "i"
        self.said.append(method)
        if self.answer is not None:
            return self.answer
        if method == "QueryStatus":
            return f"i {2 if pid in self.registered else 0}\n"
        (self.registered.add if method == "RegisterGame" else self.registered.discard)(pid)
        return "i 0\n"


def gamemode(game: BoostedProcess, bus: Bus) -> GameModeSetting:
    return GameModeSetting(game.identity, bus)


def test_gamemode_is_asked_told_and_told_again() -> None:
    require_linux()
    bus = Bus()
    with boosted_process() as game:
        setting = gamemode(game, bus)
        assert setting.read() == NOT_REGISTERED
        setting.write(REGISTERED)
        assert bus.registered == {str(game.pid)}
        assert setting.restore(NOT_REGISTERED, REGISTERED) is Outcome.RESTORED
        assert bus.registered == set()
        game.end()
        assert setting.restore(NOT_REGISTERED, REGISTERED) is Outcome.GONE


def test_over_a_real_bus_the_service_hears_what_it_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_linux()
    with gamemode_bus(tmp_path) as address, boosted_process() as game, boosted_process() as other:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        setting, another = GameModeSetting(game.identity), GameModeSetting(other.identity)
        assert setting.read() == NOT_REGISTERED
        setting.write(REGISTERED)
        assert (setting.read(), another.read()) == (REGISTERED, NOT_REGISTERED)
        assert setting.restore(NOT_REGISTERED, REGISTERED) is Outcome.RESTORED
        with pytest.raises(SettingRefused):
            setting.write(NOT_REGISTERED)  # it is not registered any more, and the service says so


@pytest.mark.parametrize("answer", ["i -1\n", "", "s what\n", "i 99999999999999\n"])
def test_a_gamemode_that_refuses_or_talks_nonsense_is_a_refusal(answer: str) -> None:
    require_linux()
    bus = Bus()
    bus.answer = answer
    with boosted_process() as game, pytest.raises(SettingRefused):
        gamemode(game, bus).write(REGISTERED)


def test_without_a_bus_gamemode_does_not_answer() -> None:
    require_linux()

    def no_bus(_argv: Sequence[str]) -> str:
        raise FileNotFoundError("busctl")

    with boosted_process() as game, pytest.raises(SettingRefused, match="bus"):
        GameModeSetting(game.identity, no_bus).read()


def test_gamemode_counts_as_there_with_its_daemon_and_a_way_to_speak_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_gamemode()
    for name in ("gamemoded", "busctl"):
        (tmp_path / name).write_text("#!/bin/sh\necho i 2\n")
        (tmp_path / name).chmod((tmp_path / name).stat().st_mode | stat.S_IXUSR)
    assert has_gamemode()
    assert run_command([str(tmp_path / "busctl")]) == "i 2\n"
