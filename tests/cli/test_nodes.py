"""`plg nodes`."""

import asyncio
from pathlib import Path

import msgspec

from plg.contract.nodes import NodeList
from support.contract_bodies import node
from support.inside import Inside
from support.local_server import Script, json_answer, problem_answer, real_server, serving
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer


def test_relays_are_listed_for_a_game_and_a_server_of_it(plg: Inside) -> None:
    script = Script({"GET /v1/nodes": [json_answer(msgspec.json.encode(NodeList(nodes=[node(leg_ms=9.0)])))]})
    with serving(script.app()) as url:
        done = plg("nodes", "--for", "openarena", "--target", "192.0.2.7:27960", PLG_SERVER=url, PLG_TOKEN="abc")
    assert "9.0 ms" in done.out
    (seen,) = [seen for seen in script.seen if seen.path == "/v1/nodes"]
    assert seen.query == {"game": "openarena", "target": "192.0.2.7:27960"}
    assert seen.token == "abc"


def test_no_account_is_needed(plg: Inside) -> None:
    with serving(Script({"GET /v1/nodes": [json_answer(b'{"nodes":[]}')]}).app()) as url:
        done = plg("nodes", "--json", PLG_SERVER=url)
    document = done.document()
    assert (document["schema"], document["nodes"], document["chosen"]) == ("plg.nodes/1", [], None)


def test_an_unknown_game_has_its_number(plg: Inside) -> None:
    refusal = problem_answer(404, "game_not_found", "unknown game 'x'", nearest=[])
    with serving(Script({"GET /v1/nodes": [refusal]}).app()) as url:
        assert plg("nodes", "--for", "x", PLG_SERVER=url).code == 8


async def test_relays_that_give_a_token_are_measured(plg: Inside) -> None:
    relay = LoopbackRelay().open()
    nodes = await LoopbackServer({"near": relay}).nodes()
    with serving(Script({"GET /v1/nodes": [json_answer(msgspec.json.encode(nodes))]}).app()) as url:
        done = await asyncio.to_thread(plg, "nodes", "--json", PLG_SERVER=url)
    relay.close()
    (row,) = done.document()["nodes"]
    assert row["loss_percent"] == 0.0
    assert 0 < row["rtt_ms"] < 200


def test_the_real_server_without_relays_says_so(plg: Inside, tmp_path: Path) -> None:
    with serving(real_server(tmp_path / "server")) as url:
        done = plg("nodes", PLG_SERVER=url)
        assert (done.code, done.out, "No relay is up" in done.err) == (0, "", True)
        assert plg("nodes", "--for", "openarna", PLG_SERVER=url).code == 8
