"""The units as systemd itself judges them; works on machines that systemd did not boot."""

import subprocess
import sys
from pathlib import Path

import pytest

from plg.cli.exit_codes import ExitCode
from plg_relay.keeper_messages import MAX_STORED
from support.requirements import require_binary
from support.source_tree import ROOT

UNITS = ROOT / "ops" / "systemd"
SERVICES = ("plg-server.service", "plg-relay.service", "plg-bot.service")
INSTALLED_COMMAND = "/opt/plg/bin/plg"
MOST_EXPOSURE_TENTHS = 20
"""`systemd-analyze security` says 1.2 for the server and the bot, 1.6 for the relay; below 2.0 it calls a service well guarded."""


@pytest.fixture
def verifiable_units(tmp_path: Path) -> list[Path]:
    """The units, with a command that exists on this machine instead of the installed one."""
    made = []
    for name in SERVICES:
        unit = tmp_path / name
        unit.write_text((UNITS / name).read_text(encoding="utf-8").replace(INSTALLED_COMMAND, "/bin/true"))
        made.append(unit)
    return made


def settings(name: str) -> dict[str, list[str]]:
    """Each key of a unit with its values in order."""
    found: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_systemd_verifies_the_units_without_a_word(verifiable_units: list[Path]) -> None:
    done = run(require_binary("systemd-analyze"), "verify", "--man=no", *verifiable_units)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_would_notice_a_misspelt_setting(verifiable_units: list[Path]) -> None:
    unit = verifiable_units[0]
    unit.write_text(unit.read_text().replace("NoNewPrivileges", "NoNewPriviliges"))
    done = run(require_binary("systemd-analyze"), "verify", "--man=no", unit)
    assert "NoNewPriviliges" in done.stderr


def test_each_service_is_well_guarded(verifiable_units: list[Path]) -> None:
    analyze = require_binary("systemd-analyze")
    for unit in verifiable_units:
        done = run(analyze, "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSURE_TENTHS}", unit)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_the_server_has_no_capability_and_the_relay_only_the_one_for_port_443() -> None:
    server, relay, bot = map(settings, SERVICES)
    for service in (server, bot):
        assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == [""]
    assert relay["CapabilityBoundingSet"] == relay["AmbientCapabilities"] == ["CAP_NET_BIND_SERVICE"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_restarts_after_a_crash_but_not_after_a_configuration_error(service: str) -> None:
    unit = settings(service)
    assert unit["Restart"] == ["on-failure"]
    hopeless = {int(code) for code in unit["RestartPreventExitStatus"][0].split()}
    assert hopeless == {ExitCode.USAGE, ExitCode.NEEDS_PRIVILEGES, ExitCode.BAD_CONFIGURATION}


def test_the_bot_stands_on_the_servers_configuration_and_data() -> None:
    server, _relay, bot = map(settings, SERVICES)
    for key in ("User", "Group", "Environment", "StateDirectory"):
        assert bot[key] == server[key]


def test_the_relays_keeper_may_store_its_sockets_and_gets_the_signals_alone() -> None:
    relay = settings("plg-relay.service")
    assert relay["FileDescriptorStoreMax"] == [str(MAX_STORED)]
    assert relay["NotifyAccess"] == ["main"]
    assert relay["KillMode"] == ["mixed"]
    assert relay["ExecReload"] == ["/bin/kill -HUP $MAINPID"]


@pytest.mark.parametrize("service", SERVICES)
def test_each_command_of_a_unit_exists(service: str) -> None:
    plg = Path(sys.executable).with_name("plg")
    for line in settings(service)["ExecStart"]:
        command, *arguments = line.split()
        assert command == INSTALLED_COMMAND
        done = run(plg, *arguments, "--help")
        assert done.returncode == 0, done.stderr


def test_the_accounts_and_folders_that_the_units_name_are_made(tmp_path: Path) -> None:
    sysusers, tmpfiles = require_binary("systemd-sysusers"), require_binary("systemd-tmpfiles")
    done = run(sysusers, "--dry-run", UNITS / "plg.sysusers.conf")
    assert done.returncode == 0, done.stderr
    accounts = (UNITS / "plg.sysusers.conf").read_text(encoding="utf-8")
    rules = [line.split() for line in (UNITS / "plg.tmpfiles.conf").read_text(encoding="utf-8").splitlines()]
    for service in SERVICES:
        unit = settings(service)
        user, group, folder = unit["User"][0], unit["Group"][0], unit["StateDirectory"][0]
        assert f"u {user} " in accounts
        assert ["d", f"/var/lib/{folder}", "0700", user, group, "-"] in rules
    # Owners by number, because the accounts do not exist where the test runs.
    numbered = [[*rule[:3], "0", "0", "-"] for rule in rules if rule[0] in {"d", "z"}]
    (tmp_path / "plg.conf").write_text("".join(" ".join(rule) + "\n" for rule in numbered))
    (tmp_path / "root").mkdir()
    done = run(tmpfiles, "--create", f"--root={tmp_path / 'root'}", tmp_path / "plg.conf")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "root/var/lib/plg-relay").stat().st_mode & 0o777 == 0o700


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
