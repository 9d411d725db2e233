"""From the tweaks that were chosen to the very changes on this machine: what is now, what it would become."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plg.machine.boost import windows_system as windows
from plg.machine.boost.linux_system import (
    PERFORMANCE,
    REGISTERED,
    GameModeSetting,
    RunCommand,
    governor_settings,
    has_gamemode,
)
from plg.machine.boost.linux_threads import GAME_IONICE, GAME_NICE, ionice_setting, nice_setting
from plg.machine.boost.setting import Setting, SettingGone, SettingRefused, Value
from plg.machine.boost.tweaks import Tweak
from plg.machine.change_journal import ProcessIdentity

GAME_DVR: Final = (
    ("HKEY_CURRENT_USER", r"Software\Microsoft\Windows\CurrentVersion\GameDVR", "AppCaptureEnabled", 0),
    ("HKEY_CURRENT_USER", r"System\GameConfigStore", "GameDVR_Enabled", 0),
)
GAME_MODE: Final = (
    ("HKEY_CURRENT_USER", r"Software\Microsoft\GameBar", "AllowAutoGameMode", 1),
    ("HKEY_CURRENT_USER", r"Software\Microsoft\GameBar", "AutoGameModeEnabled", 1),
)
TIMER: Final = (
    (
        "HKEY_LOCAL_MACHINE",
        r"SYSTEM\CurrentControlSet\Control\Session Manager\kernel",
        "GlobalTimerResolutionRequests",
        1,
    ),
)
_PROFILE: Final = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Multimedia\SystemProfile"
MMCSS: Final = (
    ("HKEY_LOCAL_MACHINE", _PROFILE, "SystemResponsiveness", 10),
    ("HKEY_LOCAL_MACHINE", rf"{_PROFILE}\Tasks\Games", "Priority", 6),
    ("HKEY_LOCAL_MACHINE", rf"{_PROFILE}\Tasks\Games", "Scheduling Category", "High"),
)
REGISTRY_VALUES: Final[Mapping[str, tuple[tuple[str, str, str, int | str], ...]]] = {
    "game-dvr": GAME_DVR,
    "game-mode": GAME_MODE,
    "timer": TIMER,
    "mmcss": MMCSS,
}
"""Hive, key, name and value. Documented, or in wide use and read by Windows; `timer` since Windows 11 (and Server 2022), after a restart."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change: the value now, and the one that it would get."""

    tweak: Tweak
    setting: Setting
    before: Value
    after: Value

    @property
    def changes_nothing(self) -> bool:
        """It is so already."""
        if isinstance(self.before, Mapping):
            return all(value == self.after for value in self.before.values())
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A tweak that cannot be planned here: `reason` is no_process, not_installed, not_offered, gone or refused (then `why`)."""

    tweak: Tweak
    reason: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What is looked at and changed: all of it can be replaced by copies for tests."""

    root: Path = Path("/")
    system: str = sys.platform
    run: RunCommand | None = None
    registry: windows.Registry | None = None
    values_of: Callable[[int], windows.ProcessValues] | None = None
    gamemode_there: Callable[[], bool] = has_gamemode

    def the_registry(self) -> windows.Registry:
        return self.registry if self.registry is not None else windows.system_registry()

    def the_values_of(self, pid: int) -> windows.ProcessValues:
        """Raises SettingGone."""
        if self.values_of is not None:
            return self.values_of(pid)
        import psutil

        try:
            process: windows.ProcessValues = psutil.Process(pid)
        except psutil.NoSuchProcess:
            raise SettingGone from None
        return process


@dataclass(slots=True)
class Plan:
    """The steps in their order, and what could not be planned."""

    steps: list[Step] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def make_plan(tweaks: Sequence[Tweak], processes: Sequence[ProcessIdentity], machine: Machine) -> Plan:
    """Looks only. `processes` are the game's; without any, what belongs to a process is left out."""
    plan = Plan()
    for tweak in tweaks:
        if tweak.per_process and not processes:
            plan.left_out.append(LeftOut(tweak, "no_process"))
            continue
        try:
            wanted = _wanted(tweak, processes, machine)
        except SettingRefused as refusal:
            plan.left_out.append(LeftOut(tweak, "refused", refusal.why))
            continue
        except SettingGone:
            plan.left_out.append(LeftOut(tweak, "gone"))
            continue
        if not wanted:
            plan.left_out.append(LeftOut(tweak, "not_installed" if tweak.id == "gamemode" else "not_offered"))
        for setting, after in wanted:
            try:
                plan.steps.append(Step(tweak, setting, setting.read(), after))
            except SettingRefused as refusal:
                plan.left_out.append(LeftOut(tweak, "refused", refusal.why))
            except SettingGone:
                plan.left_out.append(LeftOut(tweak, "gone"))
    return plan


def _wanted(tweak: Tweak, processes: Sequence[ProcessIdentity], machine: Machine) -> list[tuple[Setting, Value]]:
    match tweak.id:
        case "governor":
            return [(setting, PERFORMANCE) for setting in governor_settings(machine.root)]
        case "nice":
            return [(nice_setting(process), GAME_NICE) for process in processes]
        case "ionice":
            return [(ionice_setting(process), GAME_IONICE) for process in processes]
        case "gamemode":
            there = machine.gamemode_there()
            return [(GameModeSetting(process, machine.run), REGISTERED) for process in processes] if there else []
        case "power-plan":
            scheme = windows.PowerSchemeSetting(machine.run)
            return [(scheme, windows.HIGH_PERFORMANCE)] if scheme.is_offered(windows.HIGH_PERFORMANCE) else []
        case "priority":
            return [
                (windows.PrioritySetting(process, machine.the_values_of(process.pid)), windows.ABOVE_NORMAL)
                for process in processes
            ]
        case "affinity":
            return [
                (windows.AffinitySetting(process, machine.the_values_of(process.pid)), all_but_the_first())
                for process in processes
            ]
        case name:
            registry = machine.the_registry()
            return [
                (windows.RegistrySetting(hive, path, value_name, registry), value)
                for hive, path, value_name, value in REGISTRY_VALUES[name]
            ]


def all_but_the_first() -> str:
    """Every processor but number 0, which serves most interrupts; all where there are few."""
    count = os.cpu_count() or 1
    return ",".join(map(str, range(1 if count > 4 else 0, count)))
