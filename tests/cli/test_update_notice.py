"""A newer version is mentioned once a day on a terminal, to who asked for it, and nobody waits for that."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plg.cli.update_notice import DAY_S, LOOKED_NAME, SAID_NAME, mention, newer_version
from support.inside import invocation_at
from support.release_shop import release_shop


def remember(home: Path, version: object) -> None:
    home.mkdir(exist_ok=True)
    (home / "updates.json").write_text(
        json.dumps({"stable": {"sequence": 1, "sha256": "", "looked_at_s": 1.0, "newest_version": version}})
    )


def on_a_terminal(home: Path, *words: str, **environ: str) -> str:
    """What a command says on standard error, which is a terminal."""
    outer, inner = pty.openpty()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PLG_CONFIG_DIR": str(home), "LANG": "C.UTF-8", **environ}
    subprocess.run(
        [sys.executable, "-m", "plg", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=inner,
        env=env,
        timeout=60,
        check=True,
    )
    os.close(inner)
    said = b""
    try:
        while chunk := os.read(outer, 4096):
            said += chunk
    except OSError:
        pass  # the terminal is closed
    os.close(outer)
    return said.decode()


def test_it_is_off_unless_asked_for_and_then_said_once_a_day(tmp_path: Path) -> None:
    remember(tmp_path, "9.9.9")
    assert on_a_terminal(tmp_path, "version") == ""
    (tmp_path / LOOKED_NAME).touch()
    assert on_a_terminal(tmp_path, "version", PLG_UPDATE_NOTICE="1") == "Version 9.9.9 is available: plg update\r\n"
    assert on_a_terminal(tmp_path, "version", PLG_UPDATE_NOTICE="1") == ""
    old = time.time() - DAY_S - 1
    os.utime(tmp_path / SAID_NAME, (old, old))
    (tmp_path / "config.toml").write_text("update_notice = true\n")
    assert "9.9.9" in on_a_terminal(tmp_path, "version")


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"SUDO_UID": "1"}], ids=str)
def test_nobody_is_told_in_ci_or_under_sudo(tmp_path: Path, environ: dict[str, str]) -> None:
    remember(tmp_path, "9.9.9")
    assert on_a_terminal(tmp_path, "version", PLG_UPDATE_NOTICE="1", **environ) == ""
    assert not (tmp_path / LOOKED_NAME).exists()


def test_without_a_terminal_and_with_json_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remember(tmp_path, "9.9.9")
    mention(invocation_at(tmp_path, PLG_UPDATE_NOTICE="1"), ["version"])
    assert capsys.readouterr().err == ""
    assert on_a_terminal(tmp_path, "version", "--json", PLG_UPDATE_NOTICE="1") == ""
    assert not (tmp_path / SAID_NAME).exists()


@pytest.mark.parametrize("version", ["0.0.1", None, 7, "x", "9.9.9; rm"])
def test_only_a_newer_version_is_one(tmp_path: Path, version: object) -> None:
    remember(tmp_path, version)
    assert newer_version(invocation_at(tmp_path)) is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"stable": 1}'])
def test_a_damaged_memory_is_left_to_plg_update(tmp_path: Path, content: str) -> None:
    (tmp_path / "updates.json").write_text(content)
    assert newer_version(invocation_at(tmp_path)) is None


def test_a_look_that_is_due_is_done_beside_and_the_next_command_knows(tmp_path: Path) -> None:
    with release_shop() as shop:
        shop.publish()
        environ = {"PLG_UPDATE_NOTICE": "1", "PLG_UPDATE_INDEX": shop.index_url, "PLG_UPDATE_KEYS": shop.public_key}
        assert on_a_terminal(tmp_path, "version", **environ) == ""
        deadline = time.monotonic() + 30
        while not (tmp_path / "updates.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        asked = len(shop.asked)
        assert "9.9.9" in on_a_terminal(tmp_path, "version", **environ)
        assert (asked, len(shop.asked)) == (1, 1)
