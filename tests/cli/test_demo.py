"""`plg demo` as a person or a script starts it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plg.cli.demo import milliseconds, percent
from support.requirements import require_linux

PROXY_DEMO = [sys.executable, "-m", "plg", "demo", "--capture", "proxy"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    require_linux()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {**os.environ, "TMPDIR": str(temporary), "PLG_LANG": "en", "PLG_CONFIG_DIR": str(tmp_path / "config")}


def left_behind(environment: dict[str, str]) -> list[str]:
    """Files in the temporary folder, and processes that were given a path in it."""
    temporary = Path(environment["TMPDIR"])
    files = [path.name for path in temporary.iterdir()]
    processes = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(temporary) in path.read_bytes():
                processes.append(f"process {path.parent.name}")
        except OSError:
            continue  # it ended meanwhile
    return files + processes


@pytest.mark.timeout(200)
def test_with_json_each_line_is_a_document_and_the_last_one_compares(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*PROXY_DEMO, "--seconds", "4", "--json"], env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    *live, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert {document["schema"] for document in live} == {"plg.demo_live/1"}
    assert len(live) >= 3
    assert last["schema"] == "plg.demo/1"
    assert last["capture"] == "proxy"
    assert len(last["simulated"]) == 3
    assert last["direct"]["rtt_ms_p50"] > last["boosted"]["rtt_ms_p50"]
    assert last["boosted"]["loss_percent"] == 0
    assert "lower ping" in last["verdict"]
    assert left_behind(environment) == []


@pytest.mark.timeout(200)
def test_for_a_person_it_says_what_is_simulated_and_sums_up(environment: dict[str, str]) -> None:
    done = subprocess.run([*PROXY_DEMO, "--seconds", "6"], env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert "Simulated: the game, the bad direct line and the distances." in done.stderr
    assert "direct (simulated bad line)" in done.stdout
    assert "lower ping" in done.stdout
    assert "Capture: proxy. Only the line and the game are simulated." in done.stdout


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off_it_says_so_and_leaves_nothing_behind(environment: dict[str, str], number: signal.Signals) -> None:
    with subprocess.Popen(
        [*PROXY_DEMO, "--seconds", "100", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["schema"] == "plg.demo_live/1"
        running.send_signal(number)
        started_s = time.monotonic()
        _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert json.loads(stderr.splitlines()[-1])["error"]["code"] == "interrupted"
    assert time.monotonic() - started_s < 30
    assert left_behind(environment) == []


@pytest.mark.parametrize("arguments", [["--seconds", "1"], ["--seconds", "x"], ["--capture", "divert"]])
def test_a_wrong_option_is_a_usage_error(environment: dict[str, str], arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "plg", "demo", *arguments], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_what_is_not_known_is_a_dash() -> None:
    assert (milliseconds(None), percent(None)) == ("-", "-")
    assert (milliseconds(61.26), percent(2.0)) == ("61.3 ms", "2.0 %")
