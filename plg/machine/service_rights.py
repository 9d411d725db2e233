"""The few rights that capturing needs, handed to one process of an ordinary user, and from it to nobody else by accident.

Linux capabilities (capabilities(7)). A process of the service keeps its user's own identity, so that files are opened with the user's
rights alone; the rights beyond those do not pass to programs that it starts, unless it says so for one of them. Standard library only.
"""

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

TUNNEL_RIGHTS: Final = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13, "CAP_PERFMON": 38, "CAP_BPF": 39}
"""Specification (linux/capability.h): what capturing with eBPF or a TUN device takes. No right over files or foreign processes is among them:
the game belongs to the same user."""

_CAPABILITY_VERSION_3: Final = 0x20080522
_LAST_CAPABILITY: Final = 63
_PR_CAPBSET_DROP, _PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 24, 8, 38, 47
_AMBIENT_RAISE, _AMBIENT_CLEAR_ALL = 2, 4


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def become_user(uid: int, gid: int, groups: Sequence[int]) -> Callable[[], None]:
    """A function for a freshly forked child: it becomes that user for good, keeps TUNNEL_RIGHTS and loses every other one.

    Everything it needs is made now, because between fork and exec little is safe. It raises OSError when the kernel refuses a step, and
    then the program must not be started.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = (ctypes.c_int, *(ctypes.c_ulong,) * 4)
    header = _Header(_CAPABILITY_VERSION_3, 0)
    mask = sum(1 << number for number in TUNNEL_RIGHTS.values())
    data = (_Data * 2)(*(_Data(word, word, word) for word in (mask & 0xFFFFFFFF, mask >> 32)))
    rights = tuple(TUNNEL_RIGHTS.values())
    dropped = tuple(number for number in range(_LAST_CAPABILITY + 1) if number not in rights)
    wanted_groups = list(groups)

    def prctl(option: int, value: int, more: int = 0) -> None:
        if libc.prctl(option, value, more, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "a right cannot be passed on")

    def become() -> None:
        for number in dropped:
            if (
                libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) != 0 and ctypes.get_errno() != 22
            ):  # EINVAL: this kernel has no such right
                raise OSError(ctypes.get_errno(), "a right cannot be taken away")
        prctl(_PR_SET_KEEPCAPS, 1)
        os.setgroups(wanted_groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        if libc.capset(ctypes.byref(header), data) != 0:
            raise OSError(ctypes.get_errno(), "the rights of the tunnel cannot be kept")
        prctl(_PR_SET_NO_NEW_PRIVS, 1)
        for number in rights:
            prctl(_PR_CAP_AMBIENT, _AMBIENT_RAISE, number)
        os.umask(0o077)

    return become


def keep_from_children() -> None:
    """From now on this thread, and those it starts, pass no right on to the programs that they start. Harmless where nothing is passed on."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0)


@contextlib.contextmanager
def passed_on() -> Iterator[None]:
    """Inside the block this thread passes TUNNEL_RIGHTS on, as far as it has them to pass: for a program of ours that cleans up."""
    if not sys.platform.startswith("linux") or os.geteuid() == 0:  # root's programs have root's rights anyway
        yield
        return
    libc = ctypes.CDLL(None)
    try:
        for number in TUNNEL_RIGHTS.values():
            libc.prctl(
                _PR_CAP_AMBIENT, _AMBIENT_RAISE, number, 0, 0
            )  # refused for a right that is not ours: then there is none to pass
        yield
    finally:
        libc.prctl(_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0)


def unsafe_part(parts: Sequence[Path]) -> Path | None:
    """The first of these files and folders, or of the folders above them, that somebody else than root could replace; None when all are safe.

    A program that root runs for others must come from such places only.
    """
    for part in parts:
        for way in {part.absolute(), part.resolve()}:
            for step in (way, *way.parents):
                try:
                    found = step.stat()
                except FileNotFoundError:
                    continue
                sticky = bool(found.st_mode & 0o1000) and step != way
                group_writes = found.st_mode & 0o020 and found.st_gid != 0
                if found.st_uid != 0 or ((group_writes or found.st_mode & 0o002) and not sticky):
                    return step
    return None


def program_parts() -> list[Path]:
    """Where this program's code comes from: the interpreter or frozen program, the packages, every folder that is searched for modules."""
    import plg

    parts = [Path(sys.executable), Path(plg.__file__).parent]
    parts += [Path(entry) for entry in sys.path if entry]
    frozen = getattr(sys, "_MEIPASS", None)
    return [*parts, Path(frozen)] if isinstance(frozen, str) else parts


def unpacks_itself() -> bool:
    """Whether this is a single-file program: it unpacks itself into a folder of whoever runs it, who could change it there."""
    frozen = getattr(sys, "_MEIPASS", None)
    return isinstance(frozen, str) and Path(sys.executable).parent not in Path(frozen).parents
