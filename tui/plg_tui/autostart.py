"""What starts when this person logs in: nothing, the dashboard, or `plg watch`. Written where the system looks for it, removed without a trace.

Linux: a file of the XDG autostart specification. Windows: a value of the registry's Run key.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from plg.api.errors import TokenFileUnusable
from plg.api.private_file import read_private, replace_private
from plg.cli.detaching import plg_command

FILE_NAME: Final = "plg-booster.desktop"
"""A name of our own: what others put into the folder is never touched."""
MARK: Final = "X-PLG-Start"
"""Our key in the file; a file without it is somebody else's."""
RUN_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
"""Specification (Windows): what the signed-in person's session starts."""
RUN_VALUE: Final = "PLGBooster"
_RESERVED: Final = frozenset(" \t\n\"'\\><~|&;$*?#()`")
"""Specification (Desktop Entry, the Exec key): a word with one of these stands in quotes."""


class Autostart(StrEnum):
    OFF = "off"
    DASHBOARD = "dashboard"
    WATCH = "watch"


class AutostartRefused(Exception):
    """`why` is one line, in the system's words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class AutostartPlace(Protocol):
    """Where the system looks."""

    where: str

    def read(self) -> Autostart: ...

    def write(self, wanted: Autostart) -> None:
        """Raises AutostartRefused; then everything is as it was."""


class DesktopFile:
    """`folder` is the autostart folder of the person's configuration; it need not exist."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._path = folder / FILE_NAME
        self._command = tuple(command)
        self.where = str(self._path)

    def read(self) -> Autostart:
        try:
            keys = desktop_keys((read_private(self._path) or b"").decode(errors="replace"))
        except TokenFileUnusable:
            return Autostart.OFF
        if keys.get("Hidden") == "true" or keys.get("X-GNOME-Autostart-enabled") == "false":
            return Autostart.OFF  # the desktop's own way to switch it off
        return Autostart(keys[MARK]) if keys.get(MARK) in set(Autostart) else Autostart.OFF

    def write(self, wanted: Autostart) -> None:
        try:
            content = read_private(self._path)
            if content is not None and MARK not in desktop_keys(content.decode(errors="replace")):
                raise AutostartRefused(f"{self._path} is not ours")
            if wanted is Autostart.OFF:
                self._path.unlink(missing_ok=True)
                return
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_private(self._path, desktop_text(wanted, [*self._command, wanted.value]).encode())
        except TokenFileUnusable as error:
            raise AutostartRefused(str(error)) from error
        except OSError as error:
            raise AutostartRefused(f"{self._path}: {error.strerror or error}") from error


class RunKey(Protocol):
    """One value of the registry's Run key. Raises OSError."""

    def read(self) -> str | None: ...

    def write(self, text: str) -> None: ...

    def delete(self) -> None:
        """No error when it is not there."""


class RegistryValue:
    """`key` is the seam: only Windows has a registry."""

    where = "HKEY_CURRENT_USER\\" + RUN_KEY

    def __init__(self, key: RunKey, command: Sequence[str]) -> None:
        self._key = key
        self._command = tuple(command)

    def read(self) -> Autostart:
        try:
            text = self._key.read() or ""
        except OSError:
            return Autostart.OFF
        last = text.rpartition(" ")[2].strip('"')
        return Autostart(last) if last in set(Autostart) else Autostart.OFF

    def write(self, wanted: Autostart) -> None:
        try:
            if wanted is Autostart.OFF:
                self._key.delete()
            else:
                self._key.write(subprocess.list2cmdline([*self._command, wanted.value]))
        except OSError as error:
            raise AutostartRefused(f"{self.where}: {error.strerror or error}") from error


class WindowsRunKey:
    """The real one."""

    def read(self) -> str | None:
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                    value, _kind = winreg.QueryValueEx(key, RUN_VALUE)
            except FileNotFoundError:
                return None
            return value if isinstance(value, str) else None
        return None

    def write(self, text: str) -> None:
        if sys.platform == "win32":
            import winreg

            with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, RUN_KEY, 0, winreg.KEY_SET_VALUE) as key:
                winreg.SetValueEx(key, RUN_VALUE, 0, winreg.REG_SZ, text)

    def delete(self) -> None:
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY, 0, winreg.KEY_SET_VALUE) as key:
                    winreg.DeleteValue(key, RUN_VALUE)
            except FileNotFoundError:
                return


def autostart_place(environ: Mapping[str, str]) -> AutostartPlace | None:
    """This person's place; None where there is none that we know, and for root on behalf of somebody else (sudo)."""
    if sys.platform == "win32":
        return RegistryValue(WindowsRunKey(), plg_command())
    if sys.platform == "darwin" or (os.geteuid() == 0 and "SUDO_UID" in environ):
        return None
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    if not base.is_absolute():  # specification (XDG Base Directory): a relative one is to be ignored
        home = environ.get("HOME")
        if not home:
            return None
        base = Path(home) / ".config"
    return DesktopFile(base / "autostart", plg_command())


def desktop_text(wanted: Autostart, command: Sequence[str]) -> str:
    """The file's content (Desktop Entry Specification 1.5)."""
    lines = {
        "Type": "Application",
        "Name": "PLG",
        "Exec": _escaped(" ".join(_exec_word(word) for word in command)),
        "Terminal": "true" if wanted is Autostart.DASHBOARD else "false",
        MARK: wanted.value,
    }
    return "[Desktop Entry]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())


def desktop_keys(text: str) -> dict[str, str]:
    """The keys of the main group, as they stand there."""
    keys: dict[str, str] = {}
    group = ""
    for line in text.split("\n"):
        if line.startswith("["):
            group = line.strip()
        elif group == "[Desktop Entry]" and "=" in line and not line.startswith("#"):
            key, _equals, value = line.partition("=")
            keys.setdefault(key.strip(" \t"), value.strip(" \t\r"))
    return keys


def _exec_word(word: str) -> str:
    """Quoted where it must be; `%` is doubled, for a single one stands for a file or an address."""
    plain = word.replace("%", "%%")
    if plain and not _RESERVED & set(plain):
        return plain
    return '"' + "".join(f"\\{letter}" if letter in '"`$\\' else letter for letter in plain) + '"'


def _escaped(value: str) -> str:
    """As every string of the file: on top of the quoting."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
