"""`plg launch`, and `plg connect --launch` on loopback with real processes."""

import json
import time
from pathlib import Path

from support.command_line import plg_at
from support.loopback_lab import loopback_lab

NOWHERE = "http://127.0.0.1:9"


def save(home: Path, **launch: list[str]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(
        "[launch]\n" + "".join(f"{name} = {json.dumps(argv)}\n" for name, argv in launch.items())
    )


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.05)


def test_a_saved_game_is_started_with_its_arguments(tmp_path: Path) -> None:
    script = tmp_path / "game.sh"
    script.write_text('#!/bin/sh\necho "$@" > told.tmp && mv told.tmp told\n')
    script.chmod(0o755)
    save(tmp_path, mine=[str(script), "-w"])
    done = plg_at(tmp_path, NOWHERE)("launch", "mine", "--json", "--", "+map", "q3dm6")
    assert done.code == 0
    assert done.document()["argv"] == [str(script), "-w", "+map", "q3dm6"]
    wait_for(tmp_path / "told")
    assert (tmp_path / "told").read_text() == "-w +map q3dm6\n"


def test_arguments_for_the_game_without_launch_are_a_mistake(tmp_path: Path) -> None:
    plg = plg_at(tmp_path, NOWHERE)
    assert plg("connect", "mine", "--json", "--", "+map").error()["code"] == "usage"
    assert plg("connect", "mine", "--json", "--disconnect-on-exit").error()["code"] == "usage"
    assert plg("connect", "mine", "--json", "--launch").error()["code"] == "launch_unknown"


def test_a_game_is_started_when_the_tunnel_is_up_and_the_tunnel_ends_with_it(tmp_path: Path) -> None:
    script = tmp_path / "game.sh"
    script.write_text("#!/bin/sh\ntouch begun\nwhile [ ! -e over ]; do sleep 0.1; done\n")
    script.chmod(0o755)
    with loopback_lab(tmp_path) as lab:
        save(tmp_path / "player" / "config", openarena=[str(script)])
        told = tmp_path / "told.ndjson"
        hook = json.dumps(["/bin/sh", "-c", f"cat >> {told}"])
        with (tmp_path / "player" / "config" / "config.toml").open("a") as config:
            config.write(f"[hooks]\non_connect = {hook}\non_disconnect = {hook}\n")
        connection = lab.player.connect(
            "openarena", "--capture", "proxy", "--target", lab.game.address, "--launch", "--disconnect-on-exit"
        )
        wait_for(tmp_path / "begun")
        assert lab.player.status().state == "connected"
        (tmp_path / "over").touch()
        deadline = time.monotonic() + 60
        while connection.process.poll() is None:
            assert time.monotonic() < deadline, connection.said()
            time.sleep(0.1)
        assert connection.process.returncode == 0
        assert connection.states()[-1] == "off"
        events = [json.loads(line) for line in told.read_text().splitlines()]
        assert [event["event"] for event in events] == ["connected", "disconnected"]
        assert [event["detail"]["hook"] for event in events] == ["on_connect", "on_disconnect"]
        assert events[0]["detail"]["relay"] == "r1"

        # The same in the background: the command returns, the game runs, the tunnel ends with it.
        (tmp_path / "over").unlink()
        (tmp_path / "begun").unlink()
        options = ["--force", "--capture", "proxy", "--target", lab.game.address]
        lab.player.plg("connect", "openarena", *options, "--detach", "--launch", "--disconnect-on-exit")
        wait_for(tmp_path / "begun")
        (tmp_path / "over").touch()
        deadline = time.monotonic() + 60
        while lab.player.plg("status", check=False).exit_code != 3:
            assert time.monotonic() < deadline
            time.sleep(0.2)
