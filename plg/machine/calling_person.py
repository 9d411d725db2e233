"""Who called: the person behind sudo. What belongs to a person (games, hooks) runs as that person, never as root."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

SECRET_NAMES: Final = ("TOKEN", "PASSWORD", "SECRET", "KEY")
"""A variable of ours that ends so is nobody's business but plg's."""

SUDO_NAMES: Final = ("SUDO_UID", "SUDO_GID", "SUDO_USER", "SUDO_COMMAND", "SUDO_ASKPASS", "SUDO_HOME")

USUAL_PATH: Final = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
"""sudo's own search path leads to administration tools; a person's has the games."""


@dataclass(frozen=True, slots=True)
class CallingPerson:
    """An account of this machine, with every group that it is in."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    name: str
    home: Path
    shell: str


class StartingRights(TypedDict, total=False):
    """What `subprocess.Popen` is told so that the new process has that person's rights and none of ours."""

    user: int
    group: int
    extra_groups: list[int]
    umask: int


def calling_person(environ: Mapping[str, str]) -> CallingPerson | None:
    """The person who called sudo; None when nobody did: then this process has the person's rights already."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    text = environ.get("SUDO_UID", "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 10 or int(text) == 0:
        return None
    return _account(int(text))


def person_for(environ: Mapping[str, str], file: Path) -> CallingPerson | None:
    """The person as whom root is to run what `file` says: who called sudo, else the file's owner. None: as this process is.

    A service of root's may read a person's settings; the person must not get root's rights by writing there.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    caller = calling_person(environ)
    if caller is not None:
        return caller
    try:
        owner = file.stat().st_uid
    except OSError:
        return None
    return _account(owner) if owner != 0 else None


def _account(uid: int) -> CallingPerson | None:
    if sys.platform == "win32":
        return None
    import pwd

    try:
        account = pwd.getpwuid(uid)
    except (KeyError, OverflowError):
        return None
    return CallingPerson(
        account.pw_uid,
        account.pw_gid,
        tuple(os.getgrouplist(account.pw_name, account.pw_gid)),
        account.pw_name,
        Path(account.pw_dir),
        account.pw_shell or "/bin/sh",
    )


def home_directory(environ: Mapping[str, str]) -> Path:
    """The home of the person who called. Raises RuntimeError for an account without one."""
    person = calling_person(environ)
    if person is not None:
        return person.home
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def starting_rights(person: CallingPerson | None) -> StartingRights:
    """For `subprocess.Popen`; empty when the rights are right already."""
    if person is None:
        return {}
    return {"user": person.uid, "group": person.gid, "extra_groups": list(person.groups), "umask": 0o022}


def personal_environ(environ: Mapping[str, str], person: CallingPerson | None) -> dict[str, str]:
    """The variables for a program of that person: no secret of ours; under sudo their own home, name and session, not root's."""
    kept = {
        name: value for name, value in environ.items() if not (name.startswith("PLG_") and name.endswith(SECRET_NAMES))
    }
    if person is None:
        return kept
    for name in (
        *SUDO_NAMES,
        "MAIL",
        "XDG_RUNTIME_DIR",
        "DBUS_SESSION_BUS_ADDRESS",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    ):
        kept.pop(name, None)
    kept |= {
        "HOME": str(person.home),
        "USER": person.name,
        "LOGNAME": person.name,
        "SHELL": person.shell,
        "PATH": USUAL_PATH,
    }
    session = Path(f"/run/user/{person.uid}")
    if session.is_dir():
        kept["XDG_RUNTIME_DIR"] = str(session)
        if (session / "bus").exists():
            kept["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={session}/bus"
    return kept
