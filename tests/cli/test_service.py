"""`plg service`: a real service process that is asked, told to end, and refused where it would be unsafe."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plg.lab.product import wait_for
from plg.machine import service_rights
from support.command_line import plg_at
from support.inside import Inside
from support.other_users import require_safe_installation
from support.requirements import require_linux, require_root

UID = 12345


@pytest.fixture
def services() -> Iterator[Path]:
    """The folder that stands in for the system's, with a short name."""
    require_linux()
    with tempfile.TemporaryDirectory(prefix="plg-svc-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def service(services: Path, home: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """`plg service run` for a user of this machine, until the end of the block."""
    environ = {**plg_at(home).environ, "PLG_SERVICE_DIR": str(services)}
    log = home / "service.log"
    argv = [sys.executable, "-I", "-m", "plg", "service", "run", "--user", str(UID)]
    with log.open("wb") as stream:
        process = subprocess.Popen(argv, env=environ, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        wait_for((services / str(UID) / "service.sock").exists, "the service", process=process, log=log)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def test_it_runs_once_answers_and_ends_when_it_is_told(plg: Inside, services: Path, tmp_path: Path) -> None:
    require_root()
    require_safe_installation()
    environ = {"PLG_SERVICE_DIR": str(services)}
    asked = ("service", "status", "--user", str(UID), "--unit-dir", str(tmp_path), "--json")
    off = plg(*asked, **environ)
    assert (off.code, off.document()["is_running"], off.document()["is_installed"]) == (3, False, False)
    with service(services, tmp_path) as process:
        on = plg(*asked, **environ)
        assert on.code == 0
        found = on.document()
        assert (found["is_running"], found["pid"], found["user_id"]) == (True, process.pid, UID)
        assert found["socket"] == str(services / str(UID) / "service.sock")
        assert f"process {process.pid}" in plg(*asked[:-1], **environ).out
        second = plg("service", "run", "--user", str(UID), "--json", **environ)
        assert (second.code, second.error()["code"]) == (9, "service_running")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not (services / str(UID) / "service.sock").exists()
    assert plg(*asked, **environ).code == 3


def test_only_root_can_be_the_service(plg: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    require_linux()
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    for command in ("run", "install", "uninstall"):
        done = plg("service", command, "--user", str(UID), "--json")
        assert (done.code, done.error()["code"]) == (6, "needs_root")
        assert done.error()["next_step"].startswith(f"run: sudo plg service {command}")


def test_a_program_that_others_could_change_refuses_to_be_one(
    plg: Inside, monkeypatch: pytest.MonkeyPatch, services: Path
) -> None:
    require_root()
    environ = {"PLG_SERVICE_DIR": str(services)}
    monkeypatch.setattr(service_rights, "unsafe_part", lambda _parts: Path("/srv/alice/plg"))
    done = plg("service", "run", "--user", str(UID), "--json", **environ)
    assert (done.code, done.error()["code"]) == (10, "unsafe_installation")
    assert "/srv/alice/plg" in done.error()["message"]
    monkeypatch.setattr(service_rights, "unpacks_itself", lambda: True)
    assert "unpacks itself" in plg("service", "run", "--user", str(UID), **environ).err
    assert list(services.iterdir()) == []


def test_a_directory_that_others_can_change_is_no_place_for_the_socket(plg: Inside, services: Path) -> None:
    require_root()
    require_safe_installation()
    services_of = services / "services"
    services_of.mkdir()
    services_of.chmod(0o777)
    done = plg("service", "run", "--user", str(UID), "--json", PLG_SERVICE_DIR=str(services_of))
    assert (done.code, done.error()["code"]) == (1, "service_socket")


def test_whom_it_is_for_must_be_a_user_and_not_root(plg: Inside) -> None:
    require_root()
    assert plg("service", "install", "--user", "no such person", "--dry-run").code == 8
    for words in (("--user", "root"), ()):
        done = plg("service", "install", "--dry-run", *words, "--json")
        assert (done.code, done.error()["next_step"]) == (2, "give --user NAME")
    assert f"service run --user {UID}" in plg("service", "install", "--dry-run", SUDO_UID=str(UID)).out


def test_it_is_explained_in_russian_too(plg: Inside) -> None:
    page = plg("service", "--help", "--lang", "ru")
    assert page.code == 0
    assert "Держать для туннеля процесс с правами" in page.out
