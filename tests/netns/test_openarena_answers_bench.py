"""`plg bench` with an unmodified OpenArena server: its own answers to getinfo, directly and as a flow through a real relay."""

from pathlib import Path

import msgspec
import pytest

from plg.lab.namespaces import Host, Lab
from plg.lab.product import PLG
from support.measuring_world import DIRECT_MS, NEAR_MS, measuring_world, wait_until_legs_are_known
from support.openarena import OpenArenaServer
from support.requirements import require_binary

SLACK_MS = 15.0
BENCH_LIMIT_S = 150.0


def start(lab: Lab, host: Host, folder: Path) -> None:
    place = folder / "openarena"
    place.mkdir()
    OpenArenaServer(lab, host, host.ipv4, place).wait_until_ready()


@pytest.mark.timeout(300)
def test_a_real_game_server_is_asked_end_to_end_on_both_ways(tmp_path: Path) -> None:
    require_binary("/usr/games/openarena-server")
    with measuring_world(tmp_path, start) as world:
        wait_until_legs_are_known(world)
        argv = [*PLG, "bench", "openarena", "--target", world.target, "--blocks", "4", "--samples", "5", "--json"]
        done = world.client.run(argv, env=world.player.environment, timeout_s=BENCH_LIMIT_S)
    document = msgspec.json.decode(done.stdout.splitlines()[-1])
    assert (document["method"], document["server_name"], document["verdict"]) == ("query_quake3", "plg-lab", "improved")
    for way in ("direct", "boosted"):
        assert document[way]["sent"] == 20
        assert document[way]["answered"] >= 19  # one may be lost on a machine that is busy with other tests
    assert abs(document["median_ms"]["value"] - (NEAR_MS - DIRECT_MS)) < SLACK_MS
