"""The stand-in as programs."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.game_stand_in import address_of, main, snapshot_sizes, write_port_file

PROGRAM = [sys.executable, "-m", "plg.lab.game_stand_in"]


@pytest.fixture
def server_port(tmp_path: Path) -> Iterator[int]:
    port_file = tmp_path / "port"
    with subprocess.Popen(
        [*PROGRAM, "server", "--port-file", str(port_file), "--json"], stdout=subprocess.PIPE
    ) as game:
        deadline = time.monotonic() + 20
        while not port_file.exists():
            assert time.monotonic() < deadline
            assert game.poll() is None
            time.sleep(0.02)
        yield int(port_file.read_text())
        game.terminate()
        output, _ = game.communicate(timeout=20)
        assert game.returncode == 0
        channels = [json.loads(line)["channels"] for line in output.splitlines()][-1]
        assert len(channels) == 2


def test_a_player_and_a_server_play_and_report_as_json(server_port: int) -> None:
    argv = ["client", "--server", f"127.0.0.1:{server_port}", "--channels", "2", "--seconds", "2.2", "--json"]
    played = subprocess.run([*PROGRAM, *argv], capture_output=True, text=True, timeout=30)
    assert (played.returncode, played.stderr) == (0, "")
    lines = [json.loads(line) for line in played.stdout.splitlines()]
    assert len(lines) == 3
    assert lines[-1]["end"] is True
    assert lines[-1]["player"]["packets_down"] > 100
    assert lines[-1]["player"]["lost_down"] == 0


def test_a_wrong_address_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["client", "--server", "nowhere"]) == 1
    assert capsys.readouterr().err == "not HOST:PORT: 'nowhere'\n"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.1:27015", ("10.0.0.1", 27015)),
        ("[fd77::1]:1", ("fd77::1", 1)),
        ("game.example:65535", ("game.example", 65535)),
    ],
)
def test_addresses_are_read(text: str, address: tuple[str, int]) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize("text", ["", "host", "host:", ":5", "host:0", "host:65536", "host:x", "host:-5"])
def test_other_texts_are_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="not HOST:PORT"):
        address_of(text)


@pytest.mark.parametrize(("largest", "sizes"), [(60, (60, 60)), (500, (60, 500)), (1400, (1400, 1400))])
def test_snapshots_vary_as_a_shooters_do_and_large_ones_are_all_large(largest: int, sizes: tuple[int, int]) -> None:
    assert snapshot_sizes(largest) == sizes


def test_a_port_file_appears_complete(tmp_path: Path) -> None:
    write_port_file(tmp_path / "port", 27500)
    assert (tmp_path / "port").read_text() == "27500\n"
    assert [path.name for path in tmp_path.iterdir()] == ["port"]
