"""`plg server check`, `openapi` and `create-relay-token`. `run` itself: tests/server/test_serving.py."""

import json
import os
import stat
import subprocess
from pathlib import Path

from support.server_process import plg


def run(tmp_path: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `plg server ...` with its data under tmp_path."""
    chosen = {"data_dir": str(tmp_path / "data"), **settings}
    environ = {**os.environ, **{f"PLG_SERVER_{name.upper()}": value for name, value in chosen.items()}}
    return subprocess.run(
        plg("server", *arguments), env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_check_shows_every_setting_without_secrets_and_changes_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "check", token_secret="hunter2" * 10, plan_name="friends")
    assert done.returncode == 0, done.stderr
    assert "friends" in done.stdout
    assert "hunter2" not in done.stdout
    assert not (tmp_path / "data").exists()


def test_check_as_json_says_which_part_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "check", "--json", store_url="redis://:hunter2@127.0.0.1:1/0")
    assert done.returncode == 7
    document = json.loads(done.stdout)
    assert (document["schema"], document["ok"]) == ("plg.server_check/1", False)
    assert {part["name"]: part["problem"] is None for part in document["checks"]} == {
        "signing_key": True,
        "games": True,
        "database": True,
        "store": False,
    }
    assert json.loads(done.stderr)["error"]["code"] == "store_unavailable"
    assert "hunter2" not in done.stdout + done.stderr


def test_a_bad_setting_is_one_line_with_exit_code_10(tmp_path: Path) -> None:
    done = run(tmp_path, "check", port="99999")
    assert done.returncode == 10
    assert "port = 99999" in done.stderr
    assert "0 to 65535" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_games_file_fails_the_check_with_exit_code_10(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[[game]]\nslug = 'openarena'\nserver_cidrs = ['9.9.9.9/99']\n")
    done = run(tmp_path, "check", "--json", games_file=str(tmp_path / "mine.toml"))
    assert done.returncode == 10
    assert not json.loads(done.stdout)["ok"]
    error = json.loads(done.stderr)["error"]
    assert (error["code"], error["next_step"]) == ("bad_configuration", None)
    assert f"{tmp_path / 'mine.toml'}:3: " in error["message"]


def test_a_port_that_cannot_be_is_a_usage_error(tmp_path: Path) -> None:
    done = run(tmp_path, "run", "--port", "80000")
    assert done.returncode == 2
    assert "plg: --port: 80000 is not allowed: it goes from 0 to 65535\n" in done.stderr


def test_a_corrupt_file_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text("port = 80\nhost = = 3\n")
    done = run(tmp_path, "check", "--config", str(file))
    assert done.returncode == 10
    assert f"{file}: not valid TOML" in done.stderr
    assert "line 2" in done.stderr


def test_openapi_prints_the_document(tmp_path: Path) -> None:
    done = run(tmp_path, "openapi")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["openapi"] == "3.1.0"
    assert "/v1/auth/login" in document["paths"]


def test_a_relay_token_can_be_made_before_the_first_start_and_each_is_new(tmp_path: Path) -> None:
    first = run(tmp_path, "create-relay-token", "frankfurt-1", "--country", "DE", "--city", "Frankfurt")
    second = run(tmp_path, "create-relay-token", "frankfurt-1", "--json")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    document = json.loads(second.stdout)
    assert (document["schema"], document["name"]) == ("plg.relay_token/1", "frankfurt-1")
    assert len(first.stdout.splitlines()) == 1
    assert len({first.stdout.strip(), document["token"]}) == 2
    assert stat.S_IMODE((tmp_path / "data" / "server.sqlite3").stat().st_mode) == 0o600


def test_a_country_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    done = run(tmp_path, "create-relay-token", "frankfurt-1", "--country", "Germany")
    assert done.returncode == 2
    assert "two letters" in done.stderr


def test_a_data_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(tmp_path, "create-relay-token", "frankfurt-1", data_dir=str(tmp_path / "file" / "data"))
    assert done.returncode == 10
    assert "Traceback" not in done.stderr
