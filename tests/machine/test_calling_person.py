"""Root by sudo starts things for the person who called, with that person's rights: proved by a real process."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from plg.machine.calling_person import calling_person, home_directory, personal_environ, starting_rights
from support.requirements import require_root

TELL = """
import json, os, sys
mask = os.umask(0)
print(json.dumps({
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": sorted(os.getgroups()), "umask": mask,
    "environ": dict(os.environ),
}))
"""


def nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def test_without_sudo_nothing_changes() -> None:
    assert calling_person({}) is None
    assert starting_rights(None) == {}
    assert personal_environ({"A": "1", "PLG_TOKEN": "x", "PLG_ENROL_TOKEN": "y"}, None) == {"A": "1"}


@pytest.mark.parametrize("uid", ["0", "", "-1", "x", "99999999999999999999", "4294967294", "²"])
def test_a_caller_who_is_root_or_nobody_at_all_is_none(uid: str) -> None:
    assert calling_person({"SUDO_UID": uid}) is None


def test_a_process_of_the_caller_has_the_callers_rights_and_none_of_roots() -> None:
    require_root()
    person = calling_person({"SUDO_UID": str(nobody().pw_uid), "SUDO_GID": "0"})
    assert person is not None
    environ = personal_environ(
        {**os.environ, "PLG_TOKEN": "secret", "SUDO_UID": "1", "SUDO_COMMAND": "plg", "HOME": "/root", "LANG": "C"},
        person,
    )
    shown = subprocess.run(
        ["/usr/bin/env", "python3", "-c", TELL],
        env=environ,
        cwd="/",
        capture_output=True,
        check=True,
        **starting_rights(person),
    )
    told = json.loads(shown.stdout)
    assert told["uids"] == [person.uid] * 3
    assert told["gids"] == [person.gid] * 3
    assert told["groups"] == sorted(os.getgrouplist("nobody", person.gid))
    assert 0 not in told["groups"]
    assert told["umask"] == 0o022
    assert told["environ"]["HOME"] == nobody().pw_dir
    assert told["environ"]["USER"] == told["environ"]["LOGNAME"] == "nobody"
    assert told["environ"]["LANG"] == "C"
    assert not {"PLG_TOKEN", "SUDO_UID", "SUDO_COMMAND"} & set(told["environ"])


def test_the_home_is_the_callers() -> None:
    require_root()
    assert home_directory({"SUDO_UID": str(nobody().pw_uid), "HOME": "/root"}) == Path(nobody().pw_dir)
    assert home_directory({"HOME": "/somewhere"}) == Path("/somewhere")


def test_the_session_of_the_caller_is_named_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    require_root()
    person = calling_person({"SUDO_UID": str(nobody().pw_uid)})
    assert person is not None
    there = {f"/run/user/{person.uid}"}
    monkeypatch.setattr(Path, "is_dir", lambda path: str(path) in there)
    monkeypatch.setattr(Path, "exists", lambda path: str(path) == f"/run/user/{person.uid}/bus")
    environ = personal_environ({"XDG_RUNTIME_DIR": "/run/user/0"}, person)
    assert environ["XDG_RUNTIME_DIR"] == f"/run/user/{person.uid}"
    assert environ["DBUS_SESSION_BUS_ADDRESS"] == f"unix:path=/run/user/{person.uid}/bus"
    assert sys.platform != "win32"
