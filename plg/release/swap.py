"""Putting a new version in the place of the old one in a single step of the file system, the old one kept beside.

A crash at any moment leaves a whole program under the name that people start: on Linux two names are exchanged at once
(renameat2(2), RENAME_EXCHANGE); elsewhere a file is replaced by rename. On Windows a running program can be renamed but not replaced:
there, and only there, a crash between two renames leaves the whole old version under the name of the previous one.
"""

import contextlib
import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from plg.release.archive import unpack
from plg.release.errors import AnotherUpdate, CannotSwap, CannotWrite, NothingToGoBackTo, NotTrusted, Untrusted
from plg.release.installation import Form, Installation
from plg.release.whole_file import sync_folder, sync_tree, told_as

AT_FDCWD: Final = -100
RENAME_EXCHANGE: Final = 2
"""Specification: renameat2(2)."""
START_LIMIT_S: Final = 60.0
"""Implementation. The new version has to tell its number; a busy machine needs two seconds."""
SPACE_FACTOR: Final = 4
"""Implementation. A folder is unpacked beside its archive; it is about three times as large."""

Step = Callable[[str], None]
"""Called after each step with its name."""


@contextlib.contextmanager
def staging(installation: Installation, size: int) -> Iterator[Path]:
    """The folder beside the installation in which a version of `size` bytes is prepared; one process at a time.

    Raises CannotWrite (no right, no space), AnotherUpdate.
    """
    folder = installation.staging
    with told_as(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or (sys.platform != "win32" and folder.lstat().st_uid != os.geteuid()):
            raise CannotWrite(str(folder), "it belongs to somebody else", is_forbidden=True)
        free = shutil.disk_usage(folder).free
        if free < size * SPACE_FACTOR:
            raise CannotWrite(str(folder), f"{free} bytes free, {size * SPACE_FACTOR} needed", is_full=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        _lock(descriptor)
        yield folder
    finally:
        os.close(descriptor)


def prepare(installation: Installation, archive: Path, folder: Path, version: str, step: Step) -> Path:
    """Makes the checked download a whole version inside `folder` and lets it say its number. Raises NotTrusted, CannotWrite."""
    if installation.form is Form.FOLDER:
        unpacked = folder / "unpacked"
        with told_as(unpacked):
            shutil.rmtree(unpacked, ignore_errors=True)
            try:
                ready = unpack(archive, unpacked)
                sync_tree(ready)
            except BaseException:
                shutil.rmtree(unpacked, ignore_errors=True)
                raise
    else:
        ready = archive
        with told_as(ready):
            ready.chmod(0o755)
    with told_as(ready):
        _like(ready, installation.target)
    step("prepared")
    try:
        _must_start(installation.program_in(ready), version)
    except NotTrusted:
        with contextlib.suppress(OSError):
            _remove(ready)
        raise
    step("started")
    return ready


def put_in_place(installation: Installation, ready: Path, step: Step) -> None:
    """The swap itself. After it, nothing more is loaded by this process: its program lies elsewhere. Raises CannotWrite, CannotSwap."""
    previous = installation.previous
    with told_as(installation.target):
        _check_exchange(installation)
        doomed = installation.staging / "doomed"
        _remove(doomed)
        if previous.exists() or previous.is_symlink():
            previous.rename(doomed)
        step("cleared")
        if sys.platform == "linux":
            ready.rename(previous)
            step("beside")
            _exchange(previous, installation.target)
        else:
            _replace_file(installation.target, ready, previous, step)
        step("swapped")
        sync_folder(installation.target.parent)
        _remove(doomed)
    step("cleaned")


def go_back(installation: Installation, step: Step) -> None:
    """Exchanges this version and the previous one. Raises NothingToGoBackTo, CannotWrite, CannotSwap."""
    previous = installation.previous
    if previous.is_symlink() or not installation.program_in(previous).is_file():
        raise NothingToGoBackTo(str(previous))
    with told_as(installation.target):
        if sys.platform == "linux":
            _exchange(previous, installation.target)
        else:
            aside = previous.with_name(f"{previous.name}.going")
            _replace_file(installation.target, previous, aside, step)
            aside.replace(previous)
        step("swapped")
        sync_folder(installation.target.parent)


def version_of(program: Path) -> str | None:
    """What a program says its version is; None when it does not start or says no such thing."""
    try:
        done = subprocess.run(  # noqa: S603 - a version that was checked, or the one kept from before
            [str(program), "version", "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_LIMIT_S,
            check=False,
        )
        document = json.loads(done.stdout)
        return str(document["version"]) if done.returncode == 0 else None
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None


def discard(folder: Path) -> None:
    """Removes what a finished update left in its staging folder, and the folder."""
    shutil.rmtree(folder, ignore_errors=True)


def _must_start(program: Path, version: str) -> None:
    said = version_of(program)
    if said != version:
        raise NotTrusted(Untrusted.DOES_NOT_START, f"it says {said}, signed is {version}")


def _check_exchange(installation: Installation) -> None:
    """Whether this file system can exchange two names, tried on two empty files. Raises CannotSwap, OSError."""
    if sys.platform != "linux":
        return
    one, other = installation.staging / "try-1", installation.staging / "try-2"
    try:
        one.touch()
        other.touch()
        _exchange(one, other)
    finally:
        one.unlink(missing_ok=True)
        other.unlink(missing_ok=True)


def _exchange(one: Path, other: Path) -> None:
    """Both names change places at once. Raises CannotSwap where there is no such call, OSError."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        raise CannotSwap("renameat2 is missing")
    if call(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return
    number = ctypes.get_errno()
    if number in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
        raise CannotSwap(os.strerror(number))
    raise OSError(number, os.strerror(number), str(other))


def _replace_file(target: Path, ready: Path, previous: Path, step: Step) -> None:
    """Without an exchange: only a file can be replaced. On Windows the running program is renamed away first."""
    if not target.is_file():
        raise CannotSwap("a folder cannot be replaced in one step here")
    if sys.platform == "win32":
        target.rename(previous)
        step("beside")
        try:
            ready.rename(target)
        except OSError:
            previous.rename(target)
            raise
        return
    previous.hardlink_to(target)
    step("beside")
    ready.replace(target)


def _like(path: Path, model: Path) -> None:
    """Root gives a new version to whom the old one belongs; a folder keeps the rights of the old one. Raises OSError."""
    found = model.stat()
    if path.is_dir():
        path.chmod(found.st_mode & 0o7777)
    if sys.platform != "win32" and os.geteuid() == 0:
        for place in (path, *path.rglob("*")) if path.is_dir() else (path,):
            os.chown(place, found.st_uid, found.st_gid, follow_symlinks=False)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _lock(descriptor: int) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise AnotherUpdate(str(error)) from error
