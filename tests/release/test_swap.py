"""The swap: whole or not at all, whatever kills it. Real processes are killed after each step."""

import ctypes
import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from plg.release.errors import AnotherUpdate, CannotSwap, CannotWrite, NothingToGoBackTo, NotTrusted, Untrusted
from plg.release.installation import Installation
from plg.release.swap import go_back, prepare, put_in_place, staging, version_of
from support.release_shop import NEW, OLD, folder_archive, folder_at, program_text, said, single_at
from support.requirements import require_linux

FORMS = [pytest.param(single_at, id="single"), pytest.param(folder_at, id="folder")]
Make = Callable[[Path], Installation]


@pytest.fixture(autouse=True)
def _linux() -> None:
    require_linux()


def archive_of(installation: Installation, folder: Path, version: str = NEW) -> Path:
    """A checked download."""
    path = folder / "download.part"
    path.write_bytes(program_text(version) if installation.target.is_file() else folder_archive(version))
    return path


def install(installation: Installation, version: str = NEW) -> list[str]:
    steps: list[str] = []
    with staging(installation, 1000) as folder:
        ready = prepare(installation, archive_of(installation, folder, version), folder, version, steps.append)
        put_in_place(installation, ready, steps.append)
    return steps


@pytest.mark.parametrize("make", FORMS)
def test_a_new_version_takes_the_place_and_the_old_one_is_kept(tmp_path: Path, make: Make) -> None:
    installation = make(tmp_path)
    assert install(installation) == ["prepared", "started", "cleared", "beside", "swapped", "cleaned"]
    assert said(installation.program) == NEW
    assert said(installation.program_in(installation.previous)) == OLD
    install(installation, "10.0.0")
    assert (said(installation.program), said(installation.program_in(installation.previous))) == ("10.0.0", NEW)


@pytest.mark.parametrize("make", FORMS)
def test_going_back_exchanges_both_and_can_be_undone(tmp_path: Path, make: Make) -> None:
    installation = make(tmp_path)
    with pytest.raises(NothingToGoBackTo):
        go_back(installation, list[str]().append)
    install(installation)
    go_back(installation, list[str]().append)
    assert (said(installation.program), said(installation.program_in(installation.previous))) == (OLD, NEW)
    go_back(installation, list[str]().append)
    assert said(installation.program) == NEW


KILLED = """
import os, signal, sys
from pathlib import Path
from plg.release.installation import Form, Installation
from plg.release.swap import go_back, prepare, put_in_place, staging

form, target, program, archive, version, last = sys.argv[1:]
installation = Installation(Form(form), Path(target), Path(program))
def step(name):
    if name == last:
        os.kill(os.getpid(), signal.SIGKILL)
if archive == "back":
    go_back(installation, step)
else:
    with staging(installation, 1000) as folder:
        put_in_place(installation, prepare(installation, Path(archive), folder, version, step), step)
"""


def killed_at(step: str, installation: Installation, archive: str) -> int:
    words = [installation.form, str(installation.target), str(installation.program), archive, NEW, step]
    return subprocess.run([sys.executable, "-c", KILLED, *words], timeout=60).returncode


@pytest.mark.parametrize("make", FORMS)
@pytest.mark.parametrize("step", ["prepared", "started", "cleared", "beside", "swapped", "cleaned"])
@pytest.mark.parametrize("has_previous", [False, True], ids=["first", "later"])
def test_killed_after_any_step_a_whole_version_is_there_and_the_next_try_succeeds(
    tmp_path: Path, make: Make, step: str, has_previous: bool
) -> None:
    installation = make(tmp_path)
    if has_previous:
        install(installation, OLD)
    archive = archive_of(installation, tmp_path)
    assert killed_at(step, installation, str(archive)) == -signal.SIGKILL
    assert said(installation.program) == (NEW if step in {"swapped", "cleaned"} else OLD)
    if installation.target.is_dir():
        assert (installation.target / "_internal" / "library").read_text() == said(installation.program)
    install(installation)
    assert said(installation.program) == NEW
    assert said(installation.program_in(installation.previous)) in {OLD, NEW}


@pytest.mark.parametrize("make", FORMS)
def test_killed_while_going_back_a_whole_version_is_there(tmp_path: Path, make: Make) -> None:
    installation = make(tmp_path)
    install(installation)
    assert killed_at("swapped", installation, "back") == -signal.SIGKILL
    assert (said(installation.program), said(installation.program_in(installation.previous))) == (OLD, NEW)


@pytest.mark.parametrize("make", FORMS)
def test_a_version_that_says_another_number_or_nothing_is_not_installed(tmp_path: Path, make: Make) -> None:
    installation = make(tmp_path)
    for said_version in ("9.9.8", "\\"):
        with staging(installation, 1000) as folder:
            archive = archive_of(installation, folder, said_version)
            with pytest.raises(NotTrusted) as refused:
                prepare(installation, archive, folder, NEW, list[str]().append)
        assert refused.value.kind is Untrusted.DOES_NOT_START
        assert said(installation.program) == OLD
        assert not installation.previous.exists()


def test_a_program_that_is_none_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "plg").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "plg").chmod(0o755)
    assert version_of(tmp_path / "plg") is None
    assert version_of(tmp_path / "missing") is None


def test_a_damaged_archive_leaves_nothing_unpacked(tmp_path: Path) -> None:
    installation = folder_at(tmp_path)
    with staging(installation, 1000) as folder:
        (folder / "a.part").write_bytes(b"no archive")
        with pytest.raises(NotTrusted):
            prepare(installation, folder / "a.part", folder, NEW, list[str]().append)
        assert not (folder / "unpacked").exists()


def test_two_updates_at_once_are_one_too_many(tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    with staging(installation, 1000), pytest.raises(AnotherUpdate), staging(installation, 1000):
        pytest.fail("both are in")
    with staging(installation, 1000):
        assert installation.staging.stat().st_mode & 0o777 == 0o700


def test_too_little_space_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite) as refused, staging(single_at(tmp_path), shutil.disk_usage(tmp_path).free):
        pytest.fail("there is not so much")
    assert refused.value.is_full


def test_a_staging_folder_of_somebody_elses_choice_is_not_used(tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    installation.staging.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotWrite), staging(installation, 1000):
        pytest.fail("a link was followed")


def test_a_file_system_that_cannot_exchange_is_recognised_before_anything_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = single_at(tmp_path)
    install(installation, OLD)

    class Libc:
        def renameat2(self, *_words: object) -> int:
            ctypes.set_errno(errno.EINVAL)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_words, **_more: Libc())
    before = sorted(path.name for path in installation.target.parent.iterdir())
    with staging(installation, 1000) as folder, pytest.raises(CannotSwap):
        put_in_place(installation, archive_of(installation, folder), list[str]().append)
    assert sorted(path.name for path in installation.target.parent.iterdir()) == before
    assert said(installation.program) == OLD


def test_without_an_exchange_a_file_is_still_replaced_in_one_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way of other Unix systems, run here."""
    monkeypatch.setattr(sys, "platform", "freebsd14")
    installation = single_at(tmp_path)
    steps: list[str] = []
    with staging(installation, 1000) as folder:
        put_in_place(
            installation,
            prepare(installation, archive_of(installation, folder), folder, NEW, steps.append),
            steps.append,
        )
    assert steps == ["prepared", "started", "cleared", "beside", "swapped", "cleaned"]
    assert (said(installation.program), said(installation.previous)) == (NEW, OLD)
    go_back(installation, steps.append)
    assert (said(installation.program), said(installation.previous)) == (OLD, NEW)
    with pytest.raises(CannotSwap), staging(folder_at(tmp_path), 1000) as folder:
        put_in_place(folder_at(tmp_path / "x"), folder, steps.append)


def test_rights_of_the_old_version_are_those_of_the_new_one(tmp_path: Path) -> None:
    installation = folder_at(tmp_path)
    installation.target.chmod(0o711)
    install(installation)
    assert installation.target.stat().st_mode & 0o777 == 0o711
    assert installation.program.stat().st_uid == os.geteuid()
