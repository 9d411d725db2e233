"""Where the running tunnel keeps its lock and its control socket: a directory of its owner alone.

Under sudo it belongs to the calling person, so that `plg status` needs no sudo when `plg connect` did.
"""

import contextlib
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


class RuntimeDirectoryUnsafe(Exception):
    """The directory cannot be made, or somebody else could reach into it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


@dataclass(frozen=True, slots=True)
class RuntimePlace:
    """The directory, and the user id it is for (None where the system has none)."""

    directory: Path
    owner_uid: int | None

    @property
    def lock_file(self) -> Path:
        return self.directory / "tunnel.lock"

    @property
    def control_socket(self) -> Path:
        return self.directory / "control.sock"

    @property
    def control_port_file(self) -> Path:
        """Where there are no Unix sockets: port and token of the control server on loopback."""
        return self.directory / "control.json"


LONGEST_SOCKET_PATH_BYTES = 107 if sys.platform == "linux" else 103
"""Specification: `sun_path` of unix(7), and of the BSDs, without its closing zero byte."""


@contextlib.contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """`path` as a Unix socket's address, good inside the block: a long one goes through an open directory on Linux.

    Raises OSError, also for a path that is too long where there is no such way.
    """
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH_BYTES:
        yield str(path)
        return
    if sys.platform != "linux":
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(path))
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def runtime_place(environ: Mapping[str, str]) -> RuntimePlace:
    """PLG_RUNTIME_DIR, or the system's place for such things. Makes nothing."""
    override = environ.get("PLG_RUNTIME_DIR")
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA") or tempfile.gettempdir()
        return RuntimePlace(Path(override) if override else Path(base) / "plg" / "run", None)
    uid = os.geteuid()
    if uid == 0 and environ.get("SUDO_UID", "").isdecimal():
        uid = int(environ["SUDO_UID"])
    if override:
        return RuntimePlace(Path(override).expanduser().absolute(), uid)
    own = environ.get("XDG_RUNTIME_DIR") if uid == os.geteuid() else None
    for base_path in (Path(own) if own else None, Path(f"/run/user/{uid}"), Path("/run") if uid == 0 else None):
        if base_path is not None and base_path.is_dir():
            return RuntimePlace(base_path / "plg", uid)
    return RuntimePlace(Path(tempfile.gettempdir()) / f"plg-{uid}", uid)


def make_private(place: RuntimePlace) -> None:
    """Make the directory with rights for its owner only. Raises RuntimeDirectoryUnsafe when it is not, or cannot be made, private."""
    directory = place.directory
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.owner_uid is None:
            return
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise RuntimeDirectoryUnsafe(directory, "is not a directory")
        if found.st_uid not in {place.owner_uid, os.geteuid()}:
            raise RuntimeDirectoryUnsafe(directory, f"belongs to user {found.st_uid}")
        if stat.S_IMODE(found.st_mode) & 0o077:
            directory.chmod(0o700)
        if found.st_uid != place.owner_uid:
            os.chown(directory, place.owner_uid, -1, follow_symlinks=False)
    except OSError as error:
        raise RuntimeDirectoryUnsafe(directory, error.strerror or str(error)) from error
