"""`kill -9` of the client in the middle of a match: the game is without traffic for a moment only, and nothing is left behind."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.product import games_toml
from support.booster_world import BoosterWorld, booster_world, network_state

pytestmark = [pytest.mark.netns, pytest.mark.timeout(200)]

STAND_IN = (sys.executable, "-m", "plg.lab.game_stand_in")
PORT = 27500

LONGEST_OUTAGE_MS = 100.0
"""The promise for the packets of the game."""

TICKS_MS = 2 * 1000 / 64
"""The outage ends with the game's next packet, and the player sees it end with the server's next answer."""

CLEAN_UP_S = 5.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[BoosterWorld]:
    with booster_world(tmp_path / "plg", games_toml("lab-game", "Lab Game", ["{game}"], [str(PORT)])) as built:
        yield built


@pytest.mark.parametrize("capture", ["divert", "tun"])
def test_the_match_goes_on_directly_and_filters_rules_and_helpers_vanish(
    world: BoosterWorld, tmp_path: Path, capture: str
) -> None:
    # The game follows a changed address: what is measured is the network, not the game's opinion.
    serve = [*STAND_IN, "server", "--host", world.game.ipv4, "--port", str(PORT), "--policy", "agile"]
    world.game.spawn(serve)
    before = network_state(world.client)
    connection = world.player.connect("lab-game", "--capture", capture)
    report = tmp_path / "player.ndjson"
    with report.open("wb") as out:
        play = [*STAND_IN, "client", "--server", f"{world.game.ipv4}:{PORT}", "--seconds", "8", "--json"]
        player = world.client.spawn(play, stdout=out)
    time.sleep(4)
    assert world.counter.packets("straight") == 0
    connection.process.send_signal(signal.SIGKILL)
    assert player.wait(timeout=30) == 0

    end = json.loads(report.read_text().splitlines()[-1])["player"]
    print(f"longest gap {end['longest_gap_ms']:.1f} ms")
    assert world.counter.packets("straight") > 150, "the game plays on directly"
    assert end["longest_gap_ms"] <= LONGEST_OUTAGE_MS + TICKS_MS
    deadline = time.monotonic() + CLEAN_UP_S
    while network_state(world.client) != before or world.client.process_ids():
        assert time.monotonic() < deadline, network_state(world.client)
        time.sleep(0.2)
