"""Windows' settings over a registry and programs that behave as documented. Windows itself was not run."""

import subprocess
from collections.abc import Sequence

import pytest

from plg.machine.boost.setting import Outcome, SettingGone, SettingRefused
from plg.machine.boost.windows_system import (
    ABOVE_NORMAL,
    HIGH_PERFORMANCE,
    NORMAL,
    AffinitySetting,
    PowerSchemeSetting,
    PrioritySetting,
    RegistrySetting,
    system_registry,
)
from plg.machine.change_journal import ProcessIdentity
from support.boosted_process import boosted_process
from support.fake_registry import FakeRegistry
from support.requirements import require_linux

BALANCED = "381b4222-f694-41f0-9685-ff5bb260df2e"
PATH = r"Software\Microsoft\GameBar"


def value(
    registry: FakeRegistry, hive: str = "HKEY_CURRENT_USER", name: str = "AutoGameModeEnabled"
) -> RegistrySetting:
    return RegistrySetting(hive, PATH, name, registry)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (None, 1), ("Low", "High"), (None, "High")])
def test_a_value_is_set_and_put_back_also_to_not_being_there(before: int | str | None, after: int | str) -> None:
    registry = FakeRegistry()
    if before is not None:
        registry.put("HKCU", PATH, "AutoGameModeEnabled", before, 4 if isinstance(before, int) else 1)
    setting = value(registry)
    assert setting.read() == before
    setting.write(after)
    assert registry.get("HKCU", PATH, "AutoGameModeEnabled") == after
    assert setting.restore(before, after) is Outcome.RESTORED
    assert setting.read() == before
    assert setting.restore(before, after) is Outcome.AS_BEFORE


def test_a_value_that_somebody_else_set_since_is_left() -> None:
    registry = FakeRegistry()
    registry.put("HKCU", PATH, "AutoGameModeEnabled", 7)
    assert value(registry).restore(0, 1) is Outcome.LEFT
    assert registry.get("HKCU", PATH, "AutoGameModeEnabled") == 7


def test_the_machines_part_needs_an_administrator() -> None:
    registry = FakeRegistry()
    registry.closed.add("HKLM")
    with pytest.raises(SettingRefused) as caught:
        value(registry, "HKEY_LOCAL_MACHINE").write(1)
    assert caught.value.needs_rights
    assert registry.keys == {}


def test_a_value_of_another_type_is_not_touched() -> None:
    registry = FakeRegistry()
    registry.put("HKCU", PATH, "AutoGameModeEnabled", b"\x01", FakeRegistry.REG_BINARY)
    with pytest.raises(SettingRefused):
        value(registry).read()


def test_other_hives_are_refused_and_elsewhere_there_is_no_registry() -> None:
    require_linux()
    with pytest.raises(ValueError, match="hive"):
        value(FakeRegistry(), "HKEY_USERS")
    with pytest.raises(ImportError):
        system_registry()


class Powercfg:
    """`powercfg` as its page describes what it prints."""

    def __init__(self) -> None:
        self.active = BALANCED

    def __call__(self, argv: Sequence[str]) -> str:
        match list(argv):
            case ["powercfg.exe", "/getactivescheme"]:
                return f"Power Scheme GUID: {self.active.upper()}  (Balanced)\r\n"
            case ["powercfg.exe", "/setactive", scheme]:
                self.active = scheme
                return ""
            case ["powercfg.exe", "/list"]:
                return (
                    f"Power Scheme GUID: {BALANCED}  (Balanced) *\r\nPower Scheme GUID: {HIGH_PERFORMANCE}  (High)\r\n"
                )
        raise subprocess.CalledProcessError(1, list(argv))


def test_the_power_scheme_is_changed_and_put_back() -> None:
    powercfg = Powercfg()
    setting = PowerSchemeSetting(powercfg)
    assert setting.is_offered(HIGH_PERFORMANCE)
    assert setting.read() == BALANCED
    setting.write(HIGH_PERFORMANCE)
    assert powercfg.active == HIGH_PERFORMANCE
    assert setting.restore(BALANCED, HIGH_PERFORMANCE) is Outcome.RESTORED
    assert powercfg.active == BALANCED
    with pytest.raises(SettingRefused):
        setting.write("/delete")


def test_a_powercfg_that_fails_or_says_nothing_is_a_refusal() -> None:
    def failing(argv: Sequence[str]) -> str:
        raise subprocess.CalledProcessError(1, list(argv))

    for run in (failing, lambda _argv: "what?"):
        with pytest.raises(SettingRefused):
            PowerSchemeSetting(run).read()


class Values:
    """What psutil.Process has on Windows."""

    def __init__(self) -> None:
        self.priority, self.cpus = NORMAL, [0, 1, 2, 3]

    def nice(self, value: int | None = None) -> int | None:
        self.priority = self.priority if value is None else value
        return self.priority if value is None else None

    def cpu_affinity(self, cpus: list[int] | None = None) -> list[int] | None:
        self.cpus = self.cpus if cpus is None else cpus
        return self.cpus if cpus is None else None


def test_priority_class_and_processors_of_a_process_come_back() -> None:
    values = Values()
    with boosted_process() as game:
        priority, affinity = PrioritySetting(game.identity, values), AffinitySetting(game.identity, values)
        priority.write(ABOVE_NORMAL)
        affinity.write("1,2,3")
        assert (values.priority, values.cpus) == (ABOVE_NORMAL, [1, 2, 3])
        assert priority.restore(NORMAL, ABOVE_NORMAL) is Outcome.RESTORED
        assert affinity.restore("0,1,2,3", "1,2,3") is Outcome.RESTORED
        assert (values.priority, values.cpus) == (NORMAL, [0, 1, 2, 3])
        with pytest.raises(SettingRefused):
            priority.write(0x100)  # the real-time class can stop the mouse
        with pytest.raises(SettingRefused):
            affinity.write("all")
        ended = PrioritySetting(ProcessIdentity(game.pid, 1), values)
        with pytest.raises(SettingGone):
            ended.read()
