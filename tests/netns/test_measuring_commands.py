"""The commands that measure, against the real server, real relays and a game server, on machines of their own.

Direct is 50 ms there and back, the near relay's way 18 ms, the far relay's 66 ms (support/measuring_world.py).
"""

import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from plg.lab.product import PLG, wait_for
from support.measuring_world import (
    DIRECT_MS,
    FAR_MS,
    GAME_PORT,
    NEAR_MS,
    MeasuringWorld,
    measuring_world,
    wait_until_legs_are_known,
)

pytestmark = pytest.mark.timeout(240)

SLACK_MS = 15.0
"""What two busy cores may add to a round trip."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeasuringWorld]:
    with measuring_world(tmp_path_factory.mktemp("measuring")) as made:
        wait_until_legs_are_known(made)
        yield made


def documents(world: MeasuringWorld, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    done = world.player.plg(*arguments, "--json", check=False)
    assert done.exit_code == code, done.stderr
    return [msgspec.json.decode(line) for line in done.stdout.splitlines()]


def near(value: float | None, wanted: float) -> bool:
    return value is not None and wanted - 2 <= value <= wanted + SLACK_MS


def test_nodes_for_a_game_stand_beside_the_direct_way_best_first(world: MeasuringWorld) -> None:
    (document,) = documents(world, "nodes", "--for", "openarena")
    first, second = document["nodes"]
    assert (first["name"], second["name"]) == ("Near", "Far")
    assert near(first["total_ms"], NEAR_MS)
    assert near(second["total_ms"], FAR_MS)
    assert near(document["direct_ms"], DIRECT_MS)
    assert (document["chosen"], document["verdict"]) == (first["id"], "boost")


def test_explain_asks_the_game_server_itself_and_names_every_term(world: MeasuringWorld) -> None:
    (document,) = documents(world, "explain", "openarena", "--target", world.target)
    assert (document["direct"]["method"], near(document["direct"]["rtt_ms"], DIRECT_MS)) == ("query_quake3", True)
    best = document["exits"][0]
    assert best["server"]["name"] == "Near"
    assert best["own_total_ms"] == pytest.approx(
        best["own_ms"] + best["server"]["game_leg_ms"] + best["server"]["bias_ms"]
    )
    assert abs(document["gain_ms"] - (DIRECT_MS - NEAR_MS)) < SLACK_MS
    page = world.player.plg("explain", "openarena", "--target", world.target).stdout
    assert "Boosted by" in page
    assert [line for line in page.splitlines() if len(line) > 80] == []


def test_ping_shows_before_and_after(world: MeasuringWorld) -> None:
    *_, last = documents(world, "ping", "openarena", "--rounds", "2")
    (region,) = last["regions"]
    assert near(region["direct"]["rtt_ms"], DIRECT_MS)
    assert near(region["boosted"]["rtt_ms"], NEAR_MS)
    assert region["node_name"] == "Near"


def test_bench_end_to_end_finds_what_the_near_relay_gains_and_the_server_takes_the_report(
    world: MeasuringWorld,
) -> None:
    arguments = ("bench", "openarena", "--target", world.target, "--blocks", "4", "--samples", "3", "--send")
    *progress, document = documents(world, *arguments)
    assert len(progress) == 8
    assert (document["method"], document["end_to_end"], document["verdict"]) == ("query_quake3", True, "improved")
    assert document["server_name"] == "Query Test"
    assert abs(document["median_ms"]["value"] - (NEAR_MS - DIRECT_MS)) < SLACK_MS
    assert document["median_ms"]["low"] <= document["median_ms"]["value"] <= document["median_ms"]["high"] < 0
    assert document["sent_as"]


def test_bench_by_parts_over_the_far_relay_says_worse(world: MeasuringWorld) -> None:
    arguments = ("bench", "openarena", "--blocks", "4", "--samples", "3", "--node", "far", "--query", "off")
    *_, document = documents(world, *arguments, code=13)
    assert (document["method"], document["end_to_end"], document["verdict"]) == ("parts", False, "worse")
    assert abs(document["median_ms"]["value"] - (FAR_MS - DIRECT_MS)) < SLACK_MS
    assert all(block["game_leg_ms"] for block in document["blocks"] if block["way"] == "boosted")


def test_ctrl_c_gives_the_verdict_of_what_is_there(world: MeasuringWorld) -> None:
    output = world.player.folder / "broken-off.ndjson"
    with output.open("wb") as stdout:
        process = world.client.spawn(
            [*PLG, "bench", "openarena", "--query", "off", "--samples", "2", "--blocks", "100", "--json"],
            env=world.player.environment,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
        )
    wait_for(lambda: output.read_text().count("bench_progress") >= 9, "nine blocks", process=process)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    last = msgspec.json.decode(output.read_text().splitlines()[-1])
    assert (last["schema"], last["complete"], last["verdict"]) == ("plg.bench/1", False, "improved")
    assert 4 <= last["boosted"]["blocks"] < 100


def test_trace_draws_the_routers_of_both_ways(world: MeasuringWorld) -> None:
    time.sleep(2)  # routers limit such answers; what other tests used up comes back
    (document,) = documents(world, "trace", "openarena", "--target", world.target)
    direct, boosted = document["direct"], document["boosted"]
    assert (direct["reached"], direct["hops"][-1]["address"]) == (True, world.game.ipv4)
    assert (boosted["reached"], boosted["hops"][-1]["address"]) == (True, world.near.ipv4)
    assert direct["hops"][0]["address"] == world.client.router_ipv4
    assert near(boosted["total_ms"], NEAR_MS)


def test_a_game_server_that_stops_answering_through_the_relay_makes_it_worse(world: MeasuringWorld) -> None:
    """The game's host drops what comes from the relay, as a server does that dislikes its address."""
    rules = [
        "add table inet dislike",
        "add chain inet dislike in { type filter hook input priority 0; }",
        f"add rule inet dislike in ip saddr {world.near.ipv4} udp dport {GAME_PORT} drop",
    ]
    world.game.run(["nft", "-f", "-"], input_text="\n".join(rules) + "\n")
    try:
        arguments = ("bench", "openarena", "--target", world.target, "--blocks", "4", "--samples", "2")
        *_, document = documents(world, *arguments, code=13)
    finally:
        world.game.run(["nft", "delete", "table", "inet", "dislike"])
    assert (document["verdict"], document["boosted"]["answered"], document["median_ms"]) == ("worse", 0, None)
