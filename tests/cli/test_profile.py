"""`plg profile`, from a program that sends to a profile that is kept."""

import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from support.command_line import plg_at
from support.requirements import require_root
from support.stand_in_game import running

SENDER = """
import socket, sys, time
game = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("ready", flush=True)
while True:
    game.sendto(b"x" * 50, ("127.0.0.1", int(sys.argv[1])))
    time.sleep(0.02)
"""
GOOD = '[[game]]\nslug = "my-game"\nname = "My Game"\ncategory = "fps"\nlinux = ["{program}"]\nudp = ["{port}"]\n'


def test_a_profile_is_learned_from_what_a_program_sends(tmp_path: Path) -> None:
    require_root()
    plg = plg_at(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        with running([sys.executable, "-c", SENDER, str(port)]) as game:
            assert game.stdout is not None
            game.stdout.readline()
            file = tmp_path / "new.toml"
            done = plg("profile", "learn", str(game.pid), "--seconds", "6", "--output", str(file), "--json")
            assert done.code == 0, done.err
            found = done.document()
            assert found["counted"]
            assert found["ports"] == [str(port)]
            assert found["packets_per_s"] >= 5
            assert set(found["doubts"]) == {"short", "private_only"}
            assert tomllib.loads(file.read_text())["game"][0]["udp"] == [str(port)]
            assert plg("profile", "learn", str(game.pid), "--seconds", "1", "--output", str(file)).code == 1
            assert plg("profile", "lint", str(file)).code == 0
            tried = plg("profile", "test", str(file), "--seconds", "1", "--json")
            assert tried.code == 0, tried.out
            flows = tried.document()["flows"]
            assert f"127.0.0.1:{port}" in [flow["destination"] for flow in flows if flow["matched"]]
            other = tmp_path / "other.toml"
            other.write_text(file.read_text().replace(f'"{port}"', '"1025"'))
            missed = plg("profile", "test", str(other), "--seconds", "1")
            assert missed.code == 1
            assert f"127.0.0.1:{port}" in missed.out


def test_ctrl_c_ends_learning_early_and_keeps_what_was_seen(tmp_path: Path) -> None:
    with running(["/bin/sleep", "600"]) as game:
        learning = subprocess.Popen(
            [sys.executable, "-m", "plg", "profile", "learn", str(game.pid), "--seconds", "600"],
            env=dict(plg_at(tmp_path).environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert learning.stderr is not None
        assert "Watching" in learning.stderr.readline()
        time.sleep(1)
        learning.send_signal(signal.SIGINT)
        out, err = learning.communicate(timeout=30)
    assert learning.returncode == 0, err
    assert tomllib.loads(out)["game"][0]["linux"] == ["sleep"]
    assert "sent nothing by UDP" in err


def test_a_program_that_does_not_run_cannot_be_learned(tmp_path: Path) -> None:
    done = plg_at(tmp_path)("profile", "learn", "no-such-program-anywhere", "--json")
    assert (done.code, done.error()["code"]) == (8, "no_such_process")


def test_faults_are_told_as_compilers_do(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[[game]]\nslug = "x"\nname = "X"\ncategory = "shooter"\nlinux = ["x"]\nudp = ["0-x"]\n')
    done = plg_at(tmp_path)("profile", "lint", str(file))
    assert done.code == 10
    assert [line.split(": ")[0] for line in done.out.splitlines()] == [f"{file}:4", f"{file}:6"]
    assert [
        fault["line"] for fault in plg_at(tmp_path)("profile", "lint", str(file), "--json").document()["faults"]
    ] == [4, 6]
    assert plg_at(tmp_path)("profile", "add", str(file), "--yes", "--json").error()["code"] == "profile_faulty"


def test_a_profile_is_kept_listed_and_forgotten(tmp_path: Path) -> None:
    plg = plg_at(tmp_path)
    file = tmp_path / "good.toml"
    file.write_text(GOOD.format(program="mygame", port=27015))
    assert plg("profile", "add", str(file), "--json").error()["next_step"] == "give --yes"
    assert "plg connect my-game" in plg("profile", "add", str(file), "--yes").out
    assert plg("profile", "list", "--json").document()["profiles"][0]["programs"] == ["mygame"]
    assert "my-game" in plg("profile", "list").out
    unknown = plg("profile", "remove", "my-gane", "--yes", "--json")
    assert (unknown.code, unknown.error()["nearest"]) == (8, ["my-game"])
    assert plg("profile", "remove", "my-game", "--yes", "--json").document()["kept"] is False
    assert plg("profile", "list", "--json").document()["profiles"] == []


def test_a_profile_of_a_program_that_does_not_run_matches_nothing(tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text(GOOD.format(program="no-such-program-anywhere", port=27015))
    done = plg_at(tmp_path)("profile", "test", str(file))
    assert done.code == 1
    assert "no-such-program-anywhere" in done.out
