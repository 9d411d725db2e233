"""The processor's frequency governor (sysfs cpufreq), and GameMode (its D-Bus service), on Linux."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from plg.machine.boost.setting import PlainSetting, SettingGone, SettingRefused, Value
from plg.machine.calling_person import calling_person, personal_environ, starting_rights
from plg.machine.change_journal import ProcessIdentity, identify_process

GOVERNOR: Final = "boost.governor"
GAMEMODE: Final = "boost.gamemode"

PERFORMANCE: Final = "performance"
CPUFREQ: Final = "sys/devices/system/cpu/cpufreq"
_POLICY: Final = re.compile(r"policy[0-9]{1,5}")
MAX_POLICIES: Final = 1024

BUS_CALL_S: Final = 5.0
REGISTERED: Final = "registered"
NOT_REGISTERED: Final = "not registered"
_STATUS: Final = re.compile(r"^i (-?[0-9]{1,3})\s*$")
"""What `busctl call` prints for an answer of type i."""
_IS_REGISTERED: Final = 2
"""Specification (gamemode_client.h): 0 inactive, 1 active for others, 2 active and this game registered, -1 failed."""


class GovernorSetting(PlainSetting):
    """The governor of one cpufreq policy (the processors that change their frequency together)."""

    kind = GOVERNOR

    def __init__(self, policy: str, root: Path = Path("/")) -> None:
        if not _POLICY.fullmatch(policy):
            raise ValueError(f"not a cpufreq policy: {policy!r}")
        self._policy = policy
        self._file = root / CPUFREQ / policy / "scaling_governor"

    @property
    def where(self) -> Mapping[str, str | int]:
        return {"policy": self._policy}

    def read(self) -> Value:
        try:
            return self._file.read_text(encoding="ascii", errors="replace").strip()[:64]
        except FileNotFoundError:
            raise SettingGone from None
        except OSError as error:
            raise SettingRefused(error.strerror or str(error)) from error

    def write(self, value: Value) -> None:
        if not isinstance(value, str) or not re.fullmatch(r"[a-z_]{1,32}", value):
            raise SettingRefused("not the name of a governor")
        try:
            descriptor = os.open(self._file, os.O_WRONLY | os.O_TRUNC)  # never made where it is not
            try:
                os.write(descriptor, f"{value}\n".encode())  # in one call: sysfs takes each write for a whole value
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            raise SettingGone from None
        except PermissionError:
            raise SettingRefused("only root may choose the governor", needs_rights=True) from None
        except OSError as error:
            raise SettingRefused(error.strerror or str(error)) from error


def governor_settings(root: Path = Path("/")) -> list[GovernorSetting]:
    """Every policy that offers `performance`; none in most virtual machines."""
    folder = root / CPUFREQ
    try:
        names = sorted(entry.name for entry in folder.iterdir() if _POLICY.fullmatch(entry.name))[:MAX_POLICIES]
    except OSError:
        return []
    found = []
    for name in sorted(names, key=lambda name: int(name.removeprefix("policy"))):
        try:
            offered = (
                (folder / name / "scaling_available_governors").read_text(encoding="ascii", errors="replace").split()
            )
        except OSError:
            continue
        if PERFORMANCE in offered:
            found.append(GovernorSetting(name, root))
    return found


RunCommand = Callable[[Sequence[str]], str]
"""Runs a program and gives what it printed. Raises OSError or subprocess.SubprocessError."""


class GameModeSetting(PlainSetting):
    """Whether GameMode knows one game's process. Its daemon forgets a process by itself when that ends."""

    kind = GAMEMODE

    def __init__(self, process: ProcessIdentity, run: RunCommand | None = None) -> None:
        self._process = process
        self._run = run or run_command

    @property
    def where(self) -> Mapping[str, str | int]:
        return {"pid": self._process.pid, "started_ticks": self._process.started_ticks}

    def read(self) -> Value:
        return REGISTERED if self._call("QueryStatus") == _IS_REGISTERED else NOT_REGISTERED

    def write(self, value: Value) -> None:
        if value not in {REGISTERED, NOT_REGISTERED}:
            raise SettingRefused("not a state of GameMode")
        if self._call("RegisterGame" if value == REGISTERED else "UnregisterGame") != 0:
            raise SettingRefused("GameMode does not take this process")

    def _call(self, method: str) -> int:
        if identify_process(self._process.pid) != self._process:
            raise SettingGone
        name = "com.feralinteractive.GameMode"
        argv = (
            "busctl",
            "--user",
            "call",
            name,
            "/com/feralinteractive/GameMode",
            name,
            method,
            "i",
            str(self._process.pid),
        )
        try:
            said = self._run(argv)
        except (OSError, subprocess.SubprocessError):
            raise SettingRefused("GameMode does not answer on this session's bus") from None
        answer = _STATUS.match(said)
        if answer is None:
            raise SettingRefused("GameMode gave no number for an answer")
        return int(answer[1])


def has_gamemode() -> bool:
    """Whether GameMode and what speaks with it are installed."""
    return shutil.which("gamemoded") is not None and shutil.which("busctl") is not None


def run_command(argv: Sequence[str]) -> str:
    """What the program printed. Under sudo it runs as the person who called: the session's bus is theirs.

    Raises OSError or subprocess.SubprocessError.
    """
    person = calling_person(os.environ)
    done = subprocess.run(  # noqa: S603 - fixed programs
        list(argv),
        capture_output=True,
        timeout=BUS_CALL_S,
        check=True,
        stdin=subprocess.DEVNULL,
        env=personal_environ(os.environ, person),
        **starting_rights(person),
    )
    return done.stdout[:10_000].decode(errors="replace")
