"""The rights that one process gets, and that nobody gets from it by accident: asked of the kernel itself."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from plg.machine import service_rights
from plg.machine.service_rights import TUNNEL_RIGHTS, become_user, program_parts, unpacks_itself, unsafe_part
from support.requirements import require_binary, require_linux, require_root

UID = 12345
NEEDED = sum(1 << number for number in TUNNEL_RIGHTS.values())

CHAIN_CODE = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from service_rights import keep_from_children, passed_on
def child():
    return subprocess.run(["grep", "CapEff", "/proc/self/status"], capture_output=True, text=True).stdout.split()[1]
first = child()
keep_from_children()
second = child()
with passed_on():
    third = child()
print(first, second, third, child())
"""


def run_as_user(argv: list[str]) -> subprocess.CompletedProcess[str]:
    require_root()
    become = become_user(UID, UID, [UID + 1])
    return subprocess.run(argv, preexec_fn=become, capture_output=True, text=True, cwd="/", env={}, timeout=30)


def test_the_process_is_the_user_with_four_rights_and_can_gain_no_more() -> None:
    done = run_as_user([str(require_binary("cat")), "/proc/self/status"])
    facts = dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)
    assert set(facts["Uid"].split()) == set(facts["Gid"].split()) == {str(UID)}
    assert facts["Groups"].split() == [str(UID + 1)]
    assert {int(facts[key], 16) for key in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")} == {NEEDED}
    assert facts["NoNewPrivs"] == "1"


def test_it_opens_files_with_the_users_rights_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    secret = tmp_path / "secret"
    secret.write_text("root's")
    secret.chmod(0o600)
    assert run_as_user([str(require_binary("cat")), str(secret)]).returncode != 0
    assert run_as_user([str(require_binary("id")), "-u"]).stdout == f"{UID}\n"


def test_programs_that_it_starts_have_no_right_unless_it_passes_them_on() -> None:
    require_root()
    python = require_binary("/usr/bin/python3")  # other users can run it
    with tempfile.TemporaryDirectory() as folder:
        # Neither pytest's folders nor a checkout of root's can be read by others.
        Path(folder).chmod(0o755)
        shutil.copy(service_rights.__file__, folder)
        done = run_as_user([str(python), "-I", "-S", "-c", CHAIN_CODE, folder])
    assert done.returncode == 0, done.stderr
    assert [int(word, 16) for word in done.stdout.split()] == [NEEDED, 0, NEEDED, 0]


def test_a_user_that_cannot_be_become_starts_nothing(tmp_path: Path) -> None:
    require_root()
    with pytest.raises(subprocess.SubprocessError):
        subprocess.run([sys.executable, "-c", ""], preexec_fn=become_user(-5, 1, []), check=False)


def test_a_program_that_somebody_else_could_change_is_found(tmp_path: Path) -> None:
    require_root()
    tmp_path.chmod(0o755)
    program = tmp_path / "program"
    program.write_text("")
    assert unsafe_part([program, tmp_path / "not there"]) is None
    program.chmod(0o777)
    assert unsafe_part([program]) == program
    program.chmod(0o755)
    os.chown(program, UID, UID)
    assert unsafe_part([program]) == program
    os.chown(program, 0, UID)
    program.chmod(0o775)
    assert unsafe_part([program]) == program
    program.chmod(0o755)
    os.chown(tmp_path, UID, UID)
    assert unsafe_part([program]) == tmp_path
    os.chown(tmp_path, 0, 0)
    link = tmp_path / "link"
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    hidden.chmod(0o777)
    (hidden / "real").write_text("")
    link.symlink_to(hidden / "real")
    assert unsafe_part([link]) == hidden


def test_every_place_that_code_comes_from_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    require_linux()
    parts = program_parts()
    assert Path(sys.executable) in parts
    assert Path(service_rights.__file__).parents[1] in parts
    assert {Path(entry) for entry in sys.path if entry} <= set(parts)
    assert not unpacks_itself()
    monkeypatch.setattr(sys, "_MEIPASS", "/tmp/_MEI123", raising=False)
    assert unpacks_itself()
    assert Path("/tmp/_MEI123") in program_parts()
    monkeypatch.setattr(sys, "_MEIPASS", str(Path(sys.executable).parent / "_internal"), raising=False)
    assert not unpacks_itself()
