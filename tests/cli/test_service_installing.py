"""Installing the service and taking it out again: exactly what was written, and what systemd is told."""

import os
import stat
from pathlib import Path

import pytest

from plg.cli import service_installing
from plg.cli.service_installing import planned_text
from plg.machine.change_journal import ChangeJournal
from plg.tunnel.service_runner import ServedUser
from support.inside import Inside
from support.other_users import require_safe_installation
from support.requirements import require_root

UNIT = "plg-tunnel-12345.service"


@pytest.fixture(autouse=True)
def _root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_root()
    require_safe_installation()
    monkeypatch.setenv("PLG_SERVICE_DIR", str(tmp_path / "services"))


@pytest.fixture
def units(tmp_path: Path) -> Path:
    folder = tmp_path / "units"
    folder.mkdir()
    return folder


@pytest.fixture
def told(tmp_path: Path, units: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemctl was told, line by line, on a machine that seems to run systemd."""
    programs, log = tmp_path / "bin", tmp_path / "told"
    programs.mkdir()
    log.touch()
    systemctl = programs / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {log}\ntest ! -e {tmp_path}/broken\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(service_installing, "UNIT_DIRECTORY", str(units))
    monkeypatch.setattr(service_installing, "_systemd_runs", lambda: True)
    return log


def test_in_another_folder_the_unit_is_written_and_what_is_left_to_do_is_said(plg: Inside, units: Path) -> None:
    words = ("--user", "12345", "--unit-dir", str(units), "--json")
    environ = {"PLG_SERVICE_DIR": str(units / "services")}
    printed = plg("service", "install", "--user", "12345", "--dry-run").out
    assert list(units.iterdir()) == []
    done = plg("service", "install", *words, **environ)
    assert done.code == 0
    assert done.document()["is_installed"]
    assert done.document()["next_step"] == (
        f"systemctl daemon-reload && systemctl enable {UNIT} && systemctl restart {UNIT}"
    )
    assert (units / UNIT).read_text() == printed
    assert stat.S_IMODE((units / UNIT).stat().st_mode) == 0o644
    journal = ChangeJournal(plg.home / "changes")
    assert [change.undo["path"] for change in journal.pending()] == [str(units / UNIT)]
    assert plg("service", "install", *words, **environ).code == 0
    assert len(journal.pending()) == 1
    kept = plg("restore", "--json", **environ, PLG_RUNTIME_DIR=str(units)).document()
    assert [change["state"] for change in kept["changes"]] == ["kept"]
    assert (units / UNIT).exists()
    assert plg("service", "status", *words, **environ).document()["is_installed"]
    gone = plg("service", "uninstall", *words, **environ)
    assert (gone.code, gone.document()["is_installed"]) == (0, False)
    assert list(units.iterdir()) == []
    assert journal.pending() == []
    assert plg("service", "uninstall", *words, **environ).code == 0


def test_systemd_is_told_to_start_it_and_to_stop_it(plg: Inside, units: Path, told: Path) -> None:
    done = plg("service", "install", "--user", "12345", "--json")
    assert (done.code, done.document()["next_step"]) == (0, None)
    assert told.read_text().splitlines() == ["daemon-reload", f"enable {UNIT}", f"restart {UNIT}"]
    told.write_text("")
    assert plg("service", "uninstall", "--user", "12345").code == 0
    assert told.read_text().splitlines() == [f"disable --now {UNIT}", "daemon-reload"]
    assert list(units.iterdir()) == []


def test_what_systemd_refused_is_left_to_the_person(plg: Inside, tmp_path: Path, told: Path) -> None:
    (tmp_path / "broken").touch()
    done = plg("service", "install", "--user", "12345")
    assert done.code == 0
    assert f"Next: systemctl daemon-reload && systemctl enable {UNIT}" in done.err


def test_a_unit_of_somebody_else_is_left_alone(plg: Inside, units: Path) -> None:
    (units / UNIT).write_text("theirs")
    for command in ("install", "uninstall"):
        done = plg("service", command, "--user", "12345", "--unit-dir", str(units), "--json")
        assert (done.code, done.error()["code"]) == (10, "foreign_file")
    assert (units / UNIT).read_text() == "theirs"


def test_without_systemd_the_way_out_is_said(plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_installing, "UNIT_DIRECTORY", str(tmp_path / "missing"))
    done = plg("service", "install", "--user", "12345", "--json")
    assert (done.code, done.error()["code"]) == (1, "no_systemd")
    assert "plg service run" in done.error()["next_step"]


def test_a_folder_that_is_not_there_is_said(plg: Inside, tmp_path: Path) -> None:
    done = plg("service", "install", "--user", "12345", "--unit-dir", str(tmp_path / "missing"), "--json")
    assert (done.code, done.error()["code"]) == (1, "cannot_install")


def test_where_there_are_no_user_ids_it_is_a_task() -> None:
    text = planned_text(ServedUser("HOST\\alice", None))
    assert "<RunLevel>HighestAvailable</RunLevel>" in text
    assert "service run</Arguments>" in text
