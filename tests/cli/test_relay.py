"""`plg relay`: enrol, check, run from the command line."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from plg.cli.exit_codes import ExitCode
from support.live_relay import enrolled_identity
from support.small_server import small_server


def plg(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLG_")} | environ
    return subprocess.run(
        [sys.executable, "-m", "plg", "relay", *arguments], capture_output=True, text=True, timeout=60, env=environment
    )


def lab_options(data_dir: Path) -> list[str]:
    return ["--data-dir", str(data_dir), "--port", "0", "--control-port", "0", "--metrics-port", "0"]


async def test_enrol_then_check_give_results_on_stdout_and_talk_on_stderr(tmp_path: Path) -> None:
    import asyncio

    async with small_server() as server:
        enrolled = await asyncio.to_thread(
            plg, "enrol", "--server", server.url, "--token", "t" * 20, "--public-host", "127.0.0.1", "--port", "4433",
            "--data-dir", str(tmp_path), "--name", "one",
        )  # fmt: skip
        assert (enrolled.returncode, enrolled.stdout) == (ExitCode.OK, "node-1\n")
        assert "identity.json" in enrolled.stderr
        checked = await asyncio.to_thread(plg, "check", "--json", *lab_options(tmp_path))
        document = json.loads(checked.stdout)
        assert (document["schema"], document["ok"], checked.returncode) == ("plg.relay_check/1", True, 0)
        again = await asyncio.to_thread(
            plg, "enrol", "--json", "--server", server.url, "--token", "t" * 20, "--public-host", "h",
            "--data-dir", str(tmp_path),
        )  # fmt: skip
        assert again.returncode == ExitCode.BAD_CONFIGURATION
        assert "enrolled already" in json.loads(again.stderr)["error"]["message"]


def test_check_prints_a_verdict_for_each_part_and_ends_with_the_first_failure(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = str(holder.getsockname()[1])
        result = plg(
            "check", "--data-dir", str(tmp_path), "--port", "0", "--control-port", taken, "--metrics-port", "0"
        )
    assert result.returncode == ExitCode.PORT_TAKEN
    assert "identity" in result.stdout
    assert "not ok" in result.stdout
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_bad_setting_names_key_value_and_what_is_allowed(tmp_path: Path, command: str) -> None:
    result = plg(command, "--data-dir", str(tmp_path), PLG_RELAY_MAX_SESSIONS="many")
    assert result.returncode == ExitCode.BAD_CONFIGURATION
    assert "PLG_RELAY_MAX_SESSIONS" in result.stderr
    assert "'many'" in result.stderr
    assert "1..1000000" in result.stderr


@pytest.mark.parametrize("command", ["run", "check"])
def test_masked_headers_with_several_workers_are_refused_in_one_line(tmp_path: Path, command: str) -> None:
    enrolled_identity(tmp_path)
    result = plg(command, *lab_options(tmp_path), PLG_RELAY_MASK="true", PLG_RELAY_WORKERS="2")
    assert result.returncode == ExitCode.BAD_CONFIGURATION
    assert "PLG_RELAY_MASK" in result.stderr
    assert "workers" in result.stderr
    assert result.stderr.count("\n") == 1


def test_check_shows_whether_headers_are_masked(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    for value, state in (("false", "off"), ("true", "on: ")):
        result = plg("check", "--json", *lab_options(tmp_path), PLG_RELAY_MASK=value)
        details = {one["name"]: one["detail"] for one in json.loads(result.stdout)["checks"]}
        assert details["header mask"].startswith(state)


def test_the_settings_file_of_the_environment_is_read(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text("port = -5\n")
    result = plg("check", PLG_RELAY_CONFIG=str(file))
    assert result.returncode == ExitCode.BAD_CONFIGURATION
    assert str(file) in result.stderr


def test_a_relay_that_is_not_enrolled_is_told_how(tmp_path: Path) -> None:
    result = plg("run", *lab_options(tmp_path))
    assert result.returncode == ExitCode.BAD_CONFIGURATION
    assert "plg relay enrol" in result.stderr


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    result = plg(
        "enrol", "--server", "http://127.0.0.1:9", "--token", "t" * 20, "--public-host", "h", "--data-dir", str(tmp_path)
    )  # fmt: skip
    assert result.returncode == ExitCode.UNREACHABLE
