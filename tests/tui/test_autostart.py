"""What starts at login: the file as systemd's own reader understands it, and the registry's value through its seam."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_tui.autostart import (
    FILE_NAME,
    Autostart,
    AutostartRefused,
    DesktopFile,
    RegistryValue,
    autostart_place,
    desktop_keys,
    desktop_text,
)

READERS = (
    Path("/usr/lib/systemd/user-generators/systemd-xdg-autostart-generator"),
    Path("/lib/systemd/user-generators/systemd-xdg-autostart-generator"),
)


def words_of_exec(value: str) -> list[str]:
    """The Exec key read by the specification's rules, written down here a second time."""
    plain = (
        value.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("\0", "\\")
    )
    words, place = [], 0
    while place < len(plain):
        if plain[place] == " ":
            place += 1
            continue
        word, quoted = "", plain[place] == '"'
        place += quoted
        while place < len(plain) and plain[place] != ('"' if quoted else " "):
            place += quoted and plain[place] == "\\"
            word += plain[place]
            place += 1
        place += quoted
        words.append(word.replace("%%", "%"))
    return words


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"])), min_size=1, max_size=5)
)
def test_whatever_a_path_holds_the_words_come_out_as_they_went_in(command: list[str]) -> None:
    keys = desktop_keys(desktop_text(Autostart.WATCH, command))
    assert words_of_exec(keys["Exec"]) == command


def test_systemd_reads_the_file_as_it_is_meant(tmp_path: Path) -> None:
    reader = next((path for path in READERS if path.exists()), None)
    if reader is None:
        pytest.skip("systemd-xdg-autostart-generator is not installed")
    program = tmp_path / "it's $odd `x`" / "py thon"  # a % or a \\ in the program's path is beyond systemd's reader
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    config, units = tmp_path / "config", tmp_path / "units"
    units.mkdir()
    DesktopFile(config / "autostart", [str(program), "-m", "plg"]).write(Autostart.WATCH)
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(config), "XDG_CONFIG_DIRS": str(tmp_path / "none")}
    done = subprocess.run([reader, units, units, units], env=environ, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    (unit,) = units.glob("*.service")
    (line,) = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    assert line.endswith("/it's \\$odd \\`x\\`/py thon\" -m plg watch"), line


def test_it_is_written_read_and_removed_without_a_trace(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "autostart"
    place = DesktopFile(folder, ["/usr/bin/plg"])
    assert place.read() is Autostart.OFF
    place.write(Autostart.OFF)
    assert not folder.exists()
    for wanted in (Autostart.WATCH, Autostart.DASHBOARD):
        place.write(wanted)
        assert place.read() is wanted
        keys = desktop_keys((folder / FILE_NAME).read_text())
        assert (keys["Exec"], keys["Type"]) == (f"/usr/bin/plg {wanted}", "Application")
        assert keys["Terminal"] == ("true" if wanted is Autostart.DASHBOARD else "false")
    place.write(Autostart.OFF)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_the_desktop_switched_off_is_off(tmp_path: Path, line: str) -> None:
    place = DesktopFile(tmp_path, ["plg"])
    place.write(Autostart.WATCH)
    with (tmp_path / FILE_NAME).open("a") as stream:
        stream.write(line + "\n")
    assert place.read() is Autostart.OFF


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"[Desktop Entry]\nType=Application\nExec=other\n", b"X-PLG-Start=watch\n"]
)
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    place = DesktopFile(tmp_path, ["plg"])
    assert place.read() is Autostart.OFF
    for wanted in Autostart:
        with pytest.raises(AutostartRefused, match="not ours"):
            place.write(wanted)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_link_is_not_followed_and_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x")
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "target")
    with pytest.raises(AutostartRefused):
        DesktopFile(tmp_path, ["plg"]).write(Autostart.WATCH)
    assert (tmp_path / "target").read_text() == "x"
    with pytest.raises(AutostartRefused, match="target"):
        DesktopFile(tmp_path / "target" / "autostart", ["plg"]).write(Autostart.WATCH)


class Registry:
    """A Run key in memory."""

    def __init__(self, text: str | None = None, *, refuses: bool = False) -> None:
        self.text = text
        self.refuses = refuses

    def read(self) -> str | None:
        return self.text

    def write(self, text: str) -> None:
        if self.refuses:
            raise PermissionError(5, "Access is denied")
        self.text = text

    def delete(self) -> None:
        self.text = None


def test_the_registry_s_value_is_a_command_line_of_windows() -> None:
    key = Registry()
    place = RegistryValue(key, ["C:\\Program Files\\PLG\\plg.exe"])
    assert place.read() is Autostart.OFF
    place.write(Autostart.DASHBOARD)
    assert key.text == '"C:\\Program Files\\PLG\\plg.exe" dashboard'
    assert place.read() is Autostart.DASHBOARD
    place.write(Autostart.OFF)
    assert [key.text] == [None]
    assert RegistryValue(Registry("something else"), ["plg"]).read() is Autostart.OFF


def test_a_registry_that_refuses_is_one_line() -> None:
    with pytest.raises(AutostartRefused, match="Access is denied"):
        RegistryValue(Registry(refuses=True), ["plg"]).write(Autostart.WATCH)


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is Linux's")
def test_the_place_is_this_person_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def where(**environ: str) -> str | None:
        place = autostart_place(environ)
        return None if place is None else place.where

    assert where(HOME="/srv/p") == f"/srv/p/.config/autostart/{FILE_NAME}"
    assert where(HOME="/srv/p", XDG_CONFIG_HOME="/cfg") == f"/cfg/autostart/{FILE_NAME}"
    assert where(HOME="/srv/p", XDG_CONFIG_HOME="relative") == f"/srv/p/.config/autostart/{FILE_NAME}"
    assert where() is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert where(HOME="/root", SUDO_UID="1000") is None
