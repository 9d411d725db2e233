"""The service's hands: what is run, as whom, in which environment, and what comes back."""

import asyncio
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from plg.tunnel import service_runner
from plg.tunnel.service_door import CannotRun, ServiceBusy
from plg.tunnel.service_protocol import MAX_OUTPUT_BYTES, ServiceRequest, ServiceWish
from plg.tunnel.service_runner import SAFE_PATH, ServedUser, ServiceRunner, environment, find_user
from support.requirements import require_linux, require_root

CONNECT = ServiceRequest(ask="connect", wish=ServiceWish(game="cs2", server="http://h"), as_json=True, language="ru")
SHELL = ("/bin/sh", "-c")
HERE = ServedUser("me", None)


def runner(script: str, user: ServedUser = HERE) -> ServiceRunner:
    """Runs this instead of plg: its arguments are `$@`, the command's own words."""
    return ServiceRunner(user, [*SHELL, script, "plg"], "1.0")


@pytest.fixture(autouse=True)
def _linux() -> None:
    require_linux()


async def test_the_words_of_the_command_and_nothing_else_are_run() -> None:
    said = runner('printf "%s\\n" "$@"; echo trouble >&2; exit 5')
    end = await said.run(CONNECT)
    assert end.out.splitlines() == ["connect", "--no-input", "--lang=ru", "--json", "--detach", "--server=http://h", "--capture=auto", "--", "cs2"]  # fmt: skip
    assert (end.exit_code, end.err) == (5, "trouble\n")
    assert (await said.run(ServiceRequest(ask="restore", look_only=True))).out.splitlines() == [
        "restore", "--no-input", "--lang=en", "--dry-run",
    ]  # fmt: skip
    assert (await said.end_tunnel(CONNECT)).out.splitlines()[0] == "disconnect"


async def test_the_process_is_the_user_in_an_environment_of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    require_root()
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    user = ServedUser("somebody", 12345, 12345, (12345,), "/nowhere")
    end = await runner("id -u; pwd; umask; env", user).run(CONNECT)
    uid, directory, umask, *names = end.out.splitlines()
    assert (uid, directory, umask) == ("12345", "/", "0077")
    assert "PLG_UNDER_SERVICE=1" in names
    assert not any(name.startswith(("LD_", "PYTHONPATH", "SUDO_")) for name in names)


def test_python_code_in_the_users_own_folders_never_runs_with_the_tunnels_rights(tmp_path: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = tmp_path / ".local" / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (packages / "usercustomize.py").write_text("print('code of the user')\n", encoding="utf-8")
    interpreter = [
        str(Path(sys.base_prefix) / "bin" / version),
        "-c",
        "print('plg')",
    ]  # not of a virtual environment: those never look
    told = environment(ServedUser("somebody", 54321, 54321, (), str(tmp_path)), ServiceRequest(ask="about"))
    plain = {"PATH": SAFE_PATH, "HOME": str(tmp_path)}
    assert subprocess.check_output(interpreter, env=plain, text=True).splitlines() == ["code of the user", "plg"]
    assert subprocess.check_output(interpreter, env=told, text=True).splitlines() == ["plg"]


def test_what_a_request_can_say_is_three_values_of_plgs_own() -> None:
    user = ServedUser("somebody", 54321, 54321, (), "/home/somebody")
    plain = environment(user, ServiceRequest(ask="about"))
    assert plain == {
        "PATH": SAFE_PATH, "HOME": "/home/somebody", "USER": "somebody", "LOGNAME": "somebody", "LANG": "C.UTF-8",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "PLG_UNDER_SERVICE": "1", "PLG_TOKEN_STORE": "auto",
        "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1",
    }  # fmt: skip
    request = ServiceRequest(ask="about", config_directory="/c", runtime_directory="/r", access_token="t")
    told = environment(user, request)
    assert {name: told[name] for name in told.keys() - plain.keys()} == {
        "PLG_CONFIG_DIR": "/c", "PLG_RUNTIME_DIR": "/r", "PLG_TOKEN": "t",
    }  # fmt: skip


async def test_one_command_at_a_time() -> None:
    slow = runner("sleep 0.3")
    first = asyncio.ensure_future(slow.run(CONNECT))
    await asyncio.sleep(0.05)
    with pytest.raises(ServiceBusy):
        await slow.run(CONNECT)
    assert (await slow.end_tunnel(CONNECT)).exit_code == 0  # an end waits for its turn
    assert (await first).exit_code == 0


async def test_a_command_that_takes_too_long_is_put_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(service_runner, "COMMAND_TIMEOUT_S", 0.3)
    monkeypatch.setattr(service_runner, "KILL_GRACE_S", 0.2)
    deaf = runner(f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done")
    with pytest.raises(CannotRun, match="longer"):
        await deaf.run(CONNECT)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_a_program_that_is_not_there_is_said() -> None:
    with pytest.raises(CannotRun, match="cannot start"):
        await ServiceRunner(HERE, ["/not/there"], "1").run(CONNECT)


async def test_only_the_end_of_much_talk_is_passed_on() -> None:
    end = await runner(f"head -c {MAX_OUTPUT_BYTES * 2} /dev/zero | tr '\\0' x; echo end").run(CONNECT)
    assert len(end.out) == MAX_OUTPUT_BYTES
    assert end.out.endswith("xend\n")


async def test_the_end_of_the_service_ends_what_it_connected(tmp_path: Path) -> None:
    said = runner(f'echo "$1" >> {tmp_path}/said')
    await said.close()
    assert not (tmp_path / "said").exists()
    await said.run(CONNECT)
    await said.close()
    assert (tmp_path / "said").read_text().split() == ["connect", "disconnect"]


async def test_where_no_descriptor_tells_of_an_end_it_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    assert (await runner("sleep 0.1; exit 3").run(CONNECT)).exit_code == 3


def test_a_user_is_found_by_name_and_by_number() -> None:
    root = find_user("root")
    assert root is not None
    assert (root.user_id, root.home, root.name) == (0, pwd.getpwuid(0).pw_dir, "root")
    assert find_user("0") == root
    assert find_user("54321") == ServedUser("54321", 54321, 54321)
    assert find_user("no such person") is None
    assert find_user("9" * 30) is None


async def test_the_service_says_what_it_is() -> None:
    about = runner("").about()
    assert (about.version, about.pid, about.user) == ("1.0", os.getpid(), "me")
