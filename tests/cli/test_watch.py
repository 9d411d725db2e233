"""`plg watch`, with real processes as games; and the whole story on loopback: start, connect, end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plg.api.game_catalogue import KnownGame, keep_catalogue, make_catalogue
from support.command_line import plg_at
from support.loopback_lab import free_udp_port, loopback_lab, play
from support.stand_in_game import running, sleeper

NOWHERE = "http://127.0.0.1:9"


class Watching:
    """A `plg watch --json` that runs."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self.process = process
        self._log = log

    def told(self) -> list[dict[str, Any]]:
        complete, _, _ = self._log.read_text().rpartition("\n")
        return [json.loads(line) for line in complete.splitlines()]

    def events(self) -> list[str]:
        return [document["event"] for document in self.told()]

    def wait_for(self, event: str, timeout_s: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while True:
            for document in self.told():
                if document["event"] == event:
                    detail = document["detail"]
                    assert isinstance(detail, dict)
                    return detail
            assert self.process.poll() is None, "plg watch has ended"
            assert time.monotonic() < deadline, f"no {event}: {self.told()}"
            time.sleep(0.05)


@contextmanager
def watching(environ: Mapping[str, str], folder: Path, *words: str) -> Iterator[Watching]:
    log = folder / "watch.ndjson"
    with log.open("w") as out, (folder / "watch.err").open("w") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "plg", "watch", "--json", *words],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            text=True,
        )
    try:
        yield Watching(process, log)
    finally:
        process.kill()
        process.wait()


def knows(home: Path, *games: KnownGame, server: str = NOWHERE) -> None:
    keep_catalogue(home, make_catalogue(server, list(games)))


def known(slug: str, *programs: str) -> KnownGame:
    return KnownGame(slug=slug, name=slug.title(), executables=list(programs))


def test_a_game_is_seen_without_a_server_and_a_failed_connect_is_said_and_tried_again(tmp_path: Path) -> None:
    name = f"plgw{os.getpid()}"
    knows(tmp_path, known("my-game", name))
    environ = {**plg_at(tmp_path, NOWHERE).environ, "PLG_RUNTIME_DIR": str(tmp_path / "run")}
    options = ("--", "--capture", "proxy", "--target", "127.0.0.9:4000")
    with watching(environ, tmp_path, "--game", "my-game", *options) as watch:
        assert watch.wait_for("watching") == {"games": 1}
        with running([str(sleeper(tmp_path / "bin" / name)), "600"]) as game:
            assert watch.wait_for("game_started") == {"game": "my-game", "pids": [game.pid]}
            refused = watch.wait_for("not_connected")
            assert refused["again_in_s"] is not None, refused
            assert refused["exit_code"] in {4, 7}
        watch.wait_for("game_ended")
        watch.process.send_signal(signal.SIGINT)
        assert watch.process.wait(30) == 0
        assert watch.events()[-1] == "stopped"
    assert (tmp_path / "watch.err").read_text() == ""


def test_the_whole_story_on_this_machine(tmp_path: Path) -> None:
    name = f"plgx{os.getpid()}"
    with loopback_lab(tmp_path) as lab:
        knows(tmp_path / "player" / "config", known("openarena", name), server=lab.server.url)
        port = free_udp_port()
        options = ["--force", "--capture", "proxy", "--target", lab.game.address, "--listen", f"127.0.0.1:{port}"]
        with watching(lab.player.environment, tmp_path, "--game", "openarena", "--", *options) as watch:
            watch.wait_for("watching")
            assert lab.player.plg("status", check=False).exit_code == 3
            with running([str(sleeper(tmp_path / "bin" / name)), "600"]):
                connected = watch.wait_for("connected")
                assert (connected["game"], connected["relay"], connected["capture"]) == ("openarena", "r1", "proxy")
                assert play(port, 30) > 25
                assert lab.player.status().game == "openarena"
            watch.wait_for("leaving")
            watch.wait_for("disconnected")
            assert lab.player.plg("status", check=False).exit_code == 3
            order = ["watching", "game_started", "connecting", "connected", "game_ended", "leaving", "disconnected"]
            assert watch.events() == order

            # The next time; now the watch is ended first, and its tunnel with it.
            with running([str(sleeper(tmp_path / "bin" / name)), "600"]):
                deadline = time.monotonic() + 60
                while watch.events()[-1] != "connected":
                    assert time.monotonic() < deadline, watch.told()
                    time.sleep(0.05)
                watch.process.send_signal(signal.SIGTERM)
                assert watch.process.wait(60) == 0
                assert watch.events()[len(order) :] == [
                    "game_started",
                    "connecting",
                    "connected",
                    "disconnected",
                    "stopped",
                ]
                assert lab.player.plg("status", check=False).exit_code == 3


def test_a_game_that_nobody_knows_is_refused_with_what_may_have_been_meant(tmp_path: Path) -> None:
    knows(tmp_path, known("openarena", "openarena"), known("no-programs"))
    plg = plg_at(tmp_path, NOWHERE)
    unknown = plg("watch", "--game", "openarina", "--json")
    assert (unknown.code, unknown.error()["nearest"]) == (8, ["openarena"])
    assert plg("watch", "--game", "no-programs", "--json").error()["code"] == "programs_unknown"


def test_the_games_to_watch_stand_in_config_toml(tmp_path: Path) -> None:
    knows(tmp_path, known("a", "a1"), known("b", "b1"), known("c", "c1"))
    environ = plg_at(tmp_path, NOWHERE).environ
    for table, count in (('games = ["a", "b"]', 2), ('except = ["a"]', 2), ("", 3)):
        (tmp_path / "config.toml").write_text(f"[watch]\n{table}\n")
        with watching(environ, tmp_path) as watch:
            assert watch.wait_for("watching") == {"games": count}
    (tmp_path / "config.toml").write_text("[watch]\nfrequency = 3\n")
    refused = plg_at(tmp_path, NOWHERE)("watch", "--json")
    assert (refused.code, refused.error()["code"]) == (10, "bad_setting")


def test_two_games_of_one_program_are_not_guessed(tmp_path: Path) -> None:
    name = f"plgz{os.getpid()}"
    knows(tmp_path, known("first-game", name), known("second-game", name))
    environ = {**plg_at(tmp_path, NOWHERE).environ, "PLG_RUNTIME_DIR": str(tmp_path / "run")}
    with running([str(sleeper(tmp_path / "bin" / name)), "600"]), watching(environ, tmp_path) as watch:
        assert watch.wait_for("several_games_fit")["games"] == "first-game, second-game"
        assert "game_started" not in watch.events()
