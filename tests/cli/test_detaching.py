"""`plg connect --detach`, with server and relay as the processes that operators run, all on loopback."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from plg.cli.cli_error import CliError
from plg.cli.connect import app
from plg.cli.detaching import command_words, plg_command, start
from plg.machine.service_log import LOG_NAME
from support.inside import Inside
from support.loopback_lab import loopback_lab, play
from support.talking_tunnel import talking_tunnel


def test_a_tunnel_goes_on_in_the_background_until_it_is_disconnected(tmp_path: Path) -> None:
    with loopback_lab(tmp_path) as lab:
        options = ("--force", "--capture", "proxy", "--target", lab.game.address)
        done = lab.player.plg("connect", "openarena", "-d", *options, "--json")
        answer = json.loads(done.stdout)
        assert (answer["schema"], answer["state"], answer["game"]) == ("plg.status/1", "connected", "openarena")
        assert os.getsid(answer["pid"]) != os.getsid(0)
        port = int(answer["message"].rpartition(":")[2])
        assert play(port, 50) == 50
        assert lab.player.status().pid == answer["pid"]

        log = tmp_path / "player" / "runtime" / LOG_NAME
        before = log.stat().st_ino
        second = lab.player.plg("connect", "openarena", "--detach", *options, check=False)
        assert second.exit_code == 9
        assert log.stat().st_ino == before  # the log of the tunnel that runs stays
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert play(port, 5) == 5  # a match is live only while its packets go
        assert lab.player.disconnect("--now").was_live

        wrong = lab.player.plg("connect", "no-such-game", "--detach", check=False)
        assert wrong.exit_code == 8
        assert "no-such-game" in wrong.stderr
        words = lab.player.plg("connect", "openarena", "-d", *options, "--lang", "ru")
        assert "подключено | openarena" in words.stdout
        assert str(log) in words.stderr
        assert "Подключено" in log.read_text(encoding="utf-8")
        # Each start has its own log, and those before it are kept.
        assert "no-such-game" in log.with_name(f"{LOG_NAME}.1").read_text(encoding="utf-8")
        assert "plg.event/1" in log.with_name(f"{LOG_NAME}.2").read_text(encoding="utf-8")
        assert "Подключено" in lab.player.plg("logs").stdout


def test_a_tunnel_that_runs_is_not_started_twice(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run"):
        done = plg("connect", "openarena", "-d", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert done.code == 9
    assert not (tmp_path / "run" / LOG_NAME).exists()


def test_a_place_that_others_could_reach_is_refused(plg: Inside, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = plg("connect", "openarena", "-d", PLG_RUNTIME_DIR=str(tmp_path / "file"))
    assert done.code != 0
    assert str(tmp_path / "file") in done.err


def test_the_command_is_said_again_as_it_was_typed() -> None:
    command = typer.main.get_command(app)
    typed = ["game one", "--capture", "proxy", "--target", "-x:1", "--force", "-d", "--seconds", "2.5"]
    context = command.make_context("connect", typed)
    assert command_words(context) == [
        "--target=-x:1", "--capture=proxy", "--force", "--seconds=2.5", "--", "game one",
    ]  # fmt: skip
    assert plg_command() == [sys.executable, "-m", "plg"]


def test_what_runs_isolated_starts_its_like_isolated() -> None:
    code = "from plg.cli.detaching import plg_command; print(plg_command())"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{[sys.executable, '-I', '-m', 'plg']}\n"


def test_a_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="cannot start the tunnel"):
        start([str(tmp_path / "missing")], tmp_path, {})


def test_a_link_in_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / LOG_NAME).symlink_to(tmp_path / "target")
    start([sys.executable, "-c", "import sys; sys.stderr.write('said')"], tmp_path, dict(os.environ)).wait(20)
    assert (tmp_path / "target").read_text() == "kept"
    assert (tmp_path / LOG_NAME).read_text() == "said"
