"""/v1/nodes over HTTP."""

import base64

import pytest

from plg.protocol.keys import mask_key, probe_key
from plg.protocol.probe import answer_probe, build_probe
from plg_server import app_keys
from plg_server.services.relay_state import host_target, ping_target
from support.api_driver import ApiDriver, StartServer
from support.member_relay import enrolled_relay


async def test_a_relay_is_listed_after_its_first_heartbeat(api: ApiDriver) -> None:
    relay = await enrolled_relay(api, beat=False)
    assert (await api.get("/v1/nodes")).json["nodes"] == []

    await relay.beat(sessions=25)

    node = (await api.get("/v1/nodes")).json["nodes"][0]
    assert node["id"] == relay.identity.node_id
    assert (node["name"], node["country"], node["city"]) == ("Frankfurt 1", "DE", "Frankfurt")
    assert (node["host"], node["port"], node["state"], node["load_percent"]) == ("9.9.9.9", 443, "up", 25.0)
    assert node["seen_seconds_ago"] < 15


async def test_a_silent_relay_leaves_the_list(api: ApiDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg_server.services.relay_state.SILENT_AFTER_S", 0.2)
    relay = await enrolled_relay(api)
    import asyncio

    await asyncio.sleep(0.3)
    assert (await api.get("/v1/nodes")).json["nodes"] == []
    monkeypatch.undo()
    await relay.beat()
    assert len((await api.get("/v1/nodes")).json["nodes"]) == 1


async def test_draining_and_full_relays_are_shown_as_such(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    await relay.beat(draining=True)
    assert (await api.get("/v1/nodes")).json["nodes"][0]["state"] == "draining"
    await relay.beat(sessions=100, max_sessions=100)
    assert (await api.get("/v1/nodes")).json["nodes"][0]["state"] == "full"


async def test_only_a_signed_in_player_gets_a_ping_token_and_the_relay_takes_it(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()

    assert (await api.get("/v1/nodes")).json["nodes"][0]["ping_token"] is None
    token = base64.b64decode((await api.get("/v1/nodes", access)).json["nodes"][0]["ping_token"])

    keys = tuple(probe_key(base64.b64decode(entry.key)) for entry in relay.identity.ticket_keys)
    import time

    answer = answer_probe(build_probe(1, token, 1, 0), keys, time.time(), 0, 0)
    assert isinstance(answer, bytes)


async def test_only_a_signed_in_player_gets_the_mask_key_of_a_relay_that_masks(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    assert (await api.get("/v1/nodes", access)).json["nodes"][0]["mask_key"] is None

    await relay.beat(mask=True)

    key = base64.b64encode(mask_key(relay.identity.control_key)).decode()
    assert (await api.get("/v1/nodes", access)).json["nodes"][0]["mask_key"] == key
    assert (await api.get("/v1/nodes")).json["nodes"][0]["mask_key"] is None


async def test_the_way_to_a_game_is_measured_after_somebody_asked_for_it(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    assert (await relay.beat())["probe_targets"] == []

    before = (await api.get("/v1/nodes", access, params={"game": "cs2"})).json["nodes"][0]["game_leg"]
    assert before["rtt_ms"] is None
    targets = (await relay.beat())["probe_targets"]
    fra = next(r for r in api.app[app_keys.CATALOG].by_slug["cs2"].detail.regions if r.code == "fra")
    wanted = ping_target(fra.ping[0]).target_id
    assert wanted in {target["target_id"] for target in targets}
    await relay.beat(measurements=[{"target_id": wanted, "rtt_ms": 3.5}])

    leg = (await api.get("/v1/nodes", access, params={"game": "cs2"})).json["nodes"][0]["game_leg"]
    assert (leg["region"], leg["rtt_ms"]) == ("fra", 3.5)


async def test_every_region_that_a_relay_measured_is_told_beside_the_nearest(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    await api.get("/v1/nodes", access, params={"game": "cs2"})
    regions = api.app[app_keys.CATALOG].by_slug["cs2"].detail.regions
    first, second = [region for region in regions if region.ping][:2]
    told = [
        {"target_id": ping_target(first.ping[0]).target_id, "rtt_ms": 30.0, "age_s": 12.0},
        {"target_id": ping_target(second.ping[0]).target_id, "rtt_ms": 8.0},
    ]
    await relay.beat(measurements=told)

    node = (await api.get("/v1/nodes", params={"game": "cs2"})).json["nodes"][0]

    assert node["game_leg"]["region"] == second.code
    assert [(leg["region"], leg["rtt_ms"], leg["age_s"]) for leg in node["game_legs"]] == [
        (first.code, 30.0, 12.0),
        (second.code, 8.0, 0.0),
    ]
    assert (await api.get("/v1/nodes")).json["nodes"][0]["game_legs"] == []


async def test_an_anonymous_question_makes_relays_measure_nothing(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    assert (await api.get("/v1/nodes", params={"game": "cs2"})).status == 200
    assert (await relay.beat())["probe_targets"] == []
    reply = await api.get("/v1/nodes", params={"game": "cs2", "target": "9.9.9.9:27015"})
    assert (reply.status, reply.code) == (401, "token_missing")


async def test_the_way_to_a_community_server_is_its_own_measurement(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    api = await start_server(**backend, allow_private_targets=True)
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    params = {"game": "openarena", "target": "10.7.0.2:27960"}
    await api.get("/v1/nodes", access, params=params)
    from ipaddress import ip_address

    wanted = host_target(ip_address("10.7.0.2")).target_id
    assert [target["target_id"] for target in (await relay.beat())["probe_targets"]] == [wanted]
    await relay.beat(measurements=[{"target_id": wanted, "rtt_ms": 8.25, "loss_percent": 1.0}])

    leg = (await api.get("/v1/nodes", access, params=params)).json["nodes"][0]["game_leg"]
    assert leg == {"region": None, "rtt_ms": 8.25, "loss_percent": 1.0, "estimated": False, "age_s": 0.0}


async def test_wrong_questions_are_told_so(api: ApiDriver) -> None:
    access = await api.signed_in()
    assert (await api.get("/v1/nodes", params={"target": "9.9.9.9:1"})).code == "invalid_query"
    assert (await api.get("/v1/nodes", params={"game": "nonsense"})).code == "game_not_found"
    private = await api.get("/v1/nodes", access, params={"game": "openarena", "target": "10.0.0.1:27960"})
    assert (private.status, private.code) == (403, "target_refused")
    tcp = await api.get("/v1/nodes", access, params={"game": "terraria", "target": "9.9.9.9:7777"})
    assert tcp.code == "game_not_supported"
