"""Windows as the boost sees it: registry, power schemes, processes, the timer. Written to the documented functions; not run on Linux.

Sources: winreg (Python's library), "Powercfg command-line options", "Scheduling priorities", SetProcessAffinityMask (Microsoft Learn).
`registry` is the module winreg, or what behaves like it.
"""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from plg.machine.boost.linux_system import RunCommand, run_command
from plg.machine.boost.setting import PlainSetting, SettingGone, SettingRefused, Value
from plg.machine.change_journal import ProcessIdentity, identify_process

REGISTRY: Final = "boost.registry"
POWER_SCHEME: Final = "boost.power_scheme"
PRIORITY: Final = "boost.priority"
AFFINITY: Final = "boost.affinity"

HIGH_PERFORMANCE: Final = "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c"
"""Specification (Powercfg): the scheme "High performance" of every Windows."""
_GUID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
NORMAL, ABOVE_NORMAL, HIGH = 0x20, 0x8000, 0x80
"""Specification (GetPriorityClass): values of priority classes."""
_HIVES: Final = ("HKEY_CURRENT_USER", "HKEY_LOCAL_MACHINE")


class Registry(Protocol):
    """The part of winreg that is used."""

    HKEY_CURRENT_USER: Any
    HKEY_LOCAL_MACHINE: Any
    KEY_READ: int
    KEY_SET_VALUE: int
    KEY_WOW64_64KEY: int
    REG_SZ: int
    REG_DWORD: int

    def OpenKey(self, key: Any, sub_key: str, reserved: int, access: int, /) -> AbstractContextManager[Any]: ...  # noqa: N802 - winreg's own names

    def CreateKeyEx(self, key: Any, sub_key: str, reserved: int, access: int, /) -> AbstractContextManager[Any]: ...  # noqa: N802

    def QueryValueEx(self, key: Any, value_name: str, /) -> tuple[Any, int]: ...  # noqa: N802

    def SetValueEx(self, key: Any, value_name: str, reserved: int, kind: int, value: Any, /) -> None: ...  # noqa: N802

    def DeleteValue(self, key: Any, value: str, /) -> None: ...  # noqa: N802


def system_registry() -> Registry:
    """The module winreg. Raises ImportError elsewhere."""
    import importlib

    module: Registry = importlib.import_module("winreg")
    return module


class RegistrySetting(PlainSetting):
    """One value of the registry: a number (REG_DWORD) or a text (REG_SZ); None where it does not exist."""

    kind = REGISTRY

    def __init__(self, hive: str, path: str, name: str, registry: Registry) -> None:
        if hive not in _HIVES:
            raise ValueError(f"not a hive: {hive!r}")
        self._hive, self._path, self._name, self._registry = hive, path, name, registry

    @property
    def where(self) -> Mapping[str, str | int]:
        return {"hive": self._hive, "path": self._path, "name": self._name}

    def read(self) -> Value:
        registry = self._registry
        access = registry.KEY_READ | registry.KEY_WOW64_64KEY
        try:
            with registry.OpenKey(getattr(registry, self._hive), self._path, 0, access) as key:
                value, kind = registry.QueryValueEx(key, self._name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(error) from error
        if kind == registry.REG_DWORD and isinstance(value, int):
            return value
        if kind == registry.REG_SZ and isinstance(value, str):
            return value
        raise SettingRefused("the value has another type than documented")

    def write(self, value: Value) -> None:
        registry = self._registry
        access = registry.KEY_SET_VALUE | registry.KEY_WOW64_64KEY
        hive = getattr(registry, self._hive)
        try:
            if value is None:
                with registry.OpenKey(hive, self._path, 0, access) as key:
                    registry.DeleteValue(key, self._name)
            elif isinstance(value, str | int):
                kind = registry.REG_DWORD if isinstance(value, int) else registry.REG_SZ
                with registry.CreateKeyEx(hive, self._path, 0, access) as key:
                    registry.SetValueEx(key, self._name, 0, kind, value)
            else:
                raise SettingRefused("not a value of the registry")
        except FileNotFoundError:
            return  # to be deleted, and gone already
        except OSError as error:
            raise _refused(error) from error


class PowerSchemeSetting(PlainSetting):
    """The active power scheme, by its GUID."""

    kind = POWER_SCHEME

    def __init__(self, run: RunCommand | None = None) -> None:
        self._run = run or run_command

    @property
    def where(self) -> Mapping[str, str | int]:
        return {}

    def read(self) -> Value:
        found = _GUID.search(self._powercfg("/getactivescheme"))
        if found is None:
            raise SettingRefused("powercfg names no active scheme")
        return found[0].lower()

    def write(self, value: Value) -> None:
        if not isinstance(value, str) or not _GUID.fullmatch(value):
            raise SettingRefused("not a power scheme")
        self._powercfg("/setactive", value)

    def is_offered(self, scheme: str) -> bool:
        """Machines with modern standby hide most schemes."""
        return scheme in self._powercfg("/list").lower()

    def _powercfg(self, *words: str) -> str:
        import subprocess

        try:
            return self._run(("powercfg.exe", *words))
        except (OSError, subprocess.SubprocessError) as error:
            raise SettingRefused(f"powercfg {words[0]} failed", needs_rights=True) from error


class ProcessValues(Protocol):
    """What psutil.Process has on Windows."""

    def nice(self, value: int | None = None) -> int | None: ...

    def cpu_affinity(self, cpus: list[int] | None = None) -> list[int] | None: ...


class PrioritySetting(PlainSetting):
    """The priority class of one process."""

    kind = PRIORITY

    def __init__(self, process: ProcessIdentity, values: ProcessValues) -> None:
        self._process, self._values = process, values

    @property
    def where(self) -> Mapping[str, str | int]:
        return {"pid": self._process.pid, "started_ticks": self._process.started_ticks}

    def read(self) -> Value:
        return int(_of_process(self._process, self._values.nice) or NORMAL)

    def write(self, value: Value) -> None:
        if value not in {NORMAL, ABOVE_NORMAL, HIGH, 0x40, 0x4000}:
            raise SettingRefused("not a priority class that is given to games")
        _of_process(self._process, self._values.nice, value)


class AffinitySetting(PlainSetting):
    """The processors that one process may run on, as "0,1,2"."""

    kind = AFFINITY

    def __init__(self, process: ProcessIdentity, values: ProcessValues) -> None:
        self._process, self._values = process, values

    @property
    def where(self) -> Mapping[str, str | int]:
        return {"pid": self._process.pid, "started_ticks": self._process.started_ticks}

    def read(self) -> Value:
        return ",".join(map(str, sorted(_of_process(self._process, self._values.cpu_affinity) or [])))

    def write(self, value: Value) -> None:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,4}(?:,[0-9]{1,4}){0,1023}", value):
            raise SettingRefused("not a list of processors")
        _of_process(self._process, self._values.cpu_affinity, [int(number) for number in value.split(",")])


def _of_process(process: ProcessIdentity, ask: Any, *given: object) -> Any:
    import psutil

    if identify_process(process.pid) != process:
        raise SettingGone
    try:
        return ask(*given)
    except psutil.NoSuchProcess:
        raise SettingGone from None
    except (psutil.AccessDenied, PermissionError):
        raise SettingRefused("this process may not be changed", needs_rights=True) from None
    except OSError as error:
        raise _refused(error) from error


def _refused(error: OSError) -> SettingRefused:
    return SettingRefused(error.strerror or str(error), needs_rights=isinstance(error, PermissionError))
