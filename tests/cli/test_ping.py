"""`plg ping`."""

import asyncio

import msgspec

from plg.contract.games import GameDetail, GameRegion, RegionPing
from plg.contract.nodes import NodeGameLeg, NodeList
from support.contract_bodies import game_detail
from support.inside import Inside
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer

HOST = RegionPing(host="127.0.0.1", method="tcp", port=9, proxy=False)
GAME = msgspec.structs.replace(game_detail(), regions=[GameRegion(code="eu", name="Europe", ping=[HOST])])


def script(game: GameDetail = GAME, nodes: NodeList | None = None) -> Script:
    return Script(
        {
            "GET /v1/games/openarena": [json_answer(msgspec.json.encode(game))],
            "GET /v1/nodes": [json_answer(msgspec.json.encode(nodes or NodeList(nodes=[])))],
        }
    )


async def test_each_round_is_a_document_and_the_last_one_sums_up(plg: Inside) -> None:
    relay = LoopbackRelay().open()
    nodes = await LoopbackServer({"near": relay}).nodes()
    leg = NodeGameLeg(region="eu", rtt_ms=9.0, loss_percent=0.0, estimated=False)
    nodes = NodeList(nodes=[msgspec.structs.replace(nodes.nodes[0], game_legs=[leg])])
    with serving(script(nodes=nodes).app()) as url:
        done = await asyncio.to_thread(
            plg, "ping", "openarena", "--rounds", "2", "--json", PLG_SERVER=url, PLG_TOKEN="abc"
        )
    relay.close()
    lines = [msgspec.json.decode(line) for line in done.out.splitlines()]
    assert [(line["round"], line["final"]) for line in lines] == [(1, False), (2, False), (2, True)]
    (region,) = lines[-1]["regions"]
    assert (region["node_id"], region["game_leg_ms"], region["direct"]["sent"]) == ("near", 9.0, 6)


def test_without_an_account_the_direct_way_is_measured(plg: Inside) -> None:
    with serving(script().app()) as url:
        done = plg("ping", "openarena", "--rounds", "1", PLG_SERVER=url)
    assert (done.code, "Europe" in done.out) == (0, True)


def test_a_region_that_the_game_has_not_names_those_that_it_has(plg: Inside) -> None:
    with serving(script().app()) as url:
        done = plg("ping", "openarena", "--region", "us", "--json", PLG_SERVER=url)
    assert (done.code, done.error()["code"], done.error()["next_step"]) == (8, "region_not_found", "its regions: eu")


def test_a_game_without_a_host_to_ping_points_to_a_server(plg: Inside) -> None:
    with serving(script(game_detail()).app()) as url:
        done = plg("ping", "openarena", "--json", PLG_SERVER=url)
    assert (done.code, done.error()["code"]) == (8, "nothing_to_ping")
    assert "--target" in done.error()["next_step"]
