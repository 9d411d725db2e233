"""The unit and the task that start the service, as systemd and Windows read them."""

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from plg.cli.exit_codes import ExitCode
from plg.machine.service_files import NotForAUnit, task_xml, unit_name, unit_text
from plg.machine.service_rights import TUNNEL_RIGHTS
from support.requirements import require_binary
from support.source_tree import ROOT

MOST_EXPOSURE_TENTHS = 45
"""`systemd-analyze security` says 4.1: rights over the network are what the tunnel is for."""


def settings(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith(("#", "[")))
    return {key: value for key, equals, value in lines if equals}


def written(folder: Path, command: list[str], user: str = "alice") -> Path:
    path = folder / unit_name(1000)
    path.write_text(unit_text(command, user=user, instance="1000"))
    return path


@pytest.mark.parametrize("command", [["/bin/true", "-m", "plg"], ["/bin/true", "a b", 'quo"te', "100%", "$HOME", "back\\slash", ""]])  # fmt: skip
def test_systemd_verifies_the_unit_without_a_word(tmp_path: Path, command: list[str]) -> None:
    analyze = require_binary("systemd-analyze")
    done = subprocess.run([analyze, "verify", "--man=no", written(tmp_path, command)], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_is_guarded_as_far_as_a_tunnel_can_be(tmp_path: Path) -> None:
    unit = written(tmp_path, ["/bin/true"])
    argv = [str(require_binary("systemd-analyze")), "security", "--no-pager", "--offline=true"]
    done = subprocess.run([*argv, f"--threshold={MOST_EXPOSURE_TENTHS}", unit], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_it_has_the_rights_of_the_tunnel_and_those_to_give_every_other_one_away() -> None:
    unit = settings(unit_text(["/bin/true"], user="alice", instance="1000"))
    bounding = set(unit["CapabilityBoundingSet"].split())
    assert bounding - set(TUNNEL_RIGHTS) == {"CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_CHOWN", "CAP_KILL"}
    assert set(TUNNEL_RIGHTS) <= bounding
    assert unit["RuntimeDirectory"] == "plg-service/1000"
    assert (unit["Restart"], unit["KillMode"]) == ("on-failure", "mixed")
    hopeless = {int(code) for code in unit["RestartPreventExitStatus"].split()}
    assert hopeless == {ExitCode.USAGE, ExitCode.NEEDS_PRIVILEGES, ExitCode.BAD_CONFIGURATION}


def test_words_of_the_command_mean_nothing_to_systemd() -> None:
    unit = settings(unit_text(["/bin/x", "a b", "%n", "$HOME", 'q"'], user="100%", instance="7"))
    assert unit["ExecStart"] == '/bin/x "a b" %%n $$HOME "q\\""'
    assert unit["Description"] == "PLG tunnel for 100%%"


@pytest.mark.parametrize("word", ["a\nExecStartPre=/bin/evil", "\x1b", "a\rb"])
def test_what_would_begin_a_line_of_its_own_is_refused(word: str) -> None:
    with pytest.raises(NotForAUnit):
        unit_text(["/bin/true", word], user="alice", instance="1000")
    with pytest.raises(NotForAUnit):
        unit_text(["/bin/true"], user=word, instance="1000")


def test_the_task_starts_with_the_highest_rights_when_its_user_logs_on() -> None:
    text = task_xml(["C:\\Program Files\\PLG\\plg.exe", "service", "run", "a b"], user="HOST\\A & B")
    root = ET.fromstring(text.replace('encoding="UTF-16"', 'encoding="UTF-8"'))
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}

    def value(path: str) -> str | None:
        return root.findtext(path, namespaces=space)

    assert value("t:Principals/t:Principal/t:RunLevel") == "HighestAvailable"
    assert value("t:Principals/t:Principal/t:UserId") == value("t:Triggers/t:LogonTrigger/t:UserId") == "HOST\\A & B"
    assert value("t:Actions/t:Exec/t:Command") == "C:\\Program Files\\PLG\\plg.exe"
    assert value("t:Actions/t:Exec/t:Arguments") == 'service run "a b"'
    assert value("t:Settings/t:ExecutionTimeLimit") == "PT0S"


def test_the_example_among_the_units_is_what_install_writes() -> None:
    command = ["/opt/plg/bin/python", "-I", "-m", "plg", "service", "run", "--user", "1000"]
    example = ROOT / "ops" / "systemd" / unit_name(1000)
    assert example.read_text(encoding="utf-8") == unit_text(command, user="alice", instance="1000")
