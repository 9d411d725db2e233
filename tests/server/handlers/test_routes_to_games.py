"""/v1/routes over HTTP: the whole choice, with its reasons."""

from typing import Any

import pytest

from plg_server import app_keys
from plg_server.models.nodes import Node
from support.api_driver import ApiDriver
from support.member_relay import Fleet, relay_fleet


async def report(api: ApiDriver, access: str, fleet: Fleet, **fields: Any) -> Any:
    body = {"game": "cs2", "measurements": fleet.measurements, **fields}
    reply = await api.post("/v1/routes", body, access)
    assert reply.status == 200, reply.text
    return reply.json


async def fleet_for(api: ApiDriver, access: str, **player_ms: float) -> Fleet:
    """Relays that have measured the hosts of the game."""
    await api.get("/v1/nodes", access, params={"game": "cs2"})
    return await relay_fleet(api, **player_ms)


def candidate(found: Any, fleet: Fleet, name: str) -> Any:
    return next(entry for entry in found["candidates"] if entry["node_id"] == fleet.id(name))


async def test_every_relay_is_shown_with_every_term_and_a_reason(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await fleet_for(api, access, near=10, mid=20, far=90)

    found = await report(api, access, fleet, direct={"rtt_ms": 58.0})

    assert [fleet.name(entry["node_id"]) for entry in found["candidates"]] == ["near", "mid", "far"]
    assert (found["chosen"], found["standby"]) == (fleet.id("near"), fleet.id("mid"))
    best = found["candidates"][0]
    assert (best["client_ms"], best["game_leg_ms"], best["predicted_total_ms"]) == (10.0, 10.0, 20.0)
    assert (best["rank"], best["verdict"], best["bias_ms"], best["game_leg_doubted"]) == (1, "chosen", 0.0, False)
    assert best["because"].startswith("the lowest total of 3 relays; 10.0 ms to you + 10.0 ms to the game")
    assert all(entry["because"] for entry in found["candidates"])
    transits = {fleet.name(entry["node_id"]): entry for entry in best["transits"]}
    assert (transits["mid"]["mesh_ms"], transits["mid"]["adds_ms"], transits["mid"]["verdict"]) == (5.0, 15.0, "chosen")
    assert (transits["far"]["verdict"], transits["far"]["adds_ms"]) == ("detour", 85.0)
    assert found["direct_verdict"]["advice"] == "boost"
    assert found["direct_verdict"]["gain_ms"] == 38.0
    assert found["max_paths"] == 3


async def test_direct_may_be_better_and_is_said_to_be(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await fleet_for(api, access, near=10)
    found = await report(api, access, fleet, direct={"rtt_ms": 18.0, "estimated": True})
    assert (found["direct_verdict"]["advice"], found["direct_verdict"]["gain_ms"]) == ("direct", -2.0)
    assert (await report(api, access, fleet))["direct_verdict"]["advice"] == "unknown"


async def test_excluded_draining_and_silent_relays_say_so(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await fleet_for(api, access, a=10, b=20, c=30)
    await fleet.beat("b", draining=True)
    found = await report(api, access, fleet, exclude=[fleet.id("a")], measurements=[])
    verdicts = {fleet.name(entry["node_id"]): entry["verdict"] for entry in found["candidates"]}
    assert verdicts == {"a": "excluded", "b": "draining", "c": "chosen"}
    await api.app[app_keys.RELAY_STATES].forget(fleet.id("c"))
    found = await report(api, access, fleet, exclude=[fleet.id("a")])
    assert (found["chosen"], found["standby"], found["direct_verdict"]["advice"]) == (None, None, "unknown")


async def test_relays_on_one_host_are_no_company_for_each_other(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await fleet_for(api, access, a=10, b=11)
    with api.app[app_keys.DATABASE].active():
        await Node.all().update(host="33.1.1.1")
    found = await report(api, access, fleet)
    assert found["standby"] is None
    assert found["candidates"][0]["transits"][0]["verdict"] == "same_host"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"game": "openarenna"}, "game_not_found"),
        ({"game": "terraria"}, "game_not_supported"),
        ({"game": "openarena", "target": "10.0.0.1:27960"}, "target_refused"),
        ({"direct": {"rtt_ms": -1}}, "invalid_body"),
        ({"direct": {}}, "invalid_body"),
        ({"exclude": ["a b"]}, "invalid_body"),
        ({"exclude": ["a"] * 65}, "invalid_body"),
        ({"measurements": [{"node_id": "x", "rtt_ms": 1, "rtt_p95_ms": 1e9}]}, "invalid_body"),
        ({"more": 1}, "invalid_body"),
    ],
)
async def test_what_cannot_be_answered_is_refused(api: ApiDriver, changes: dict[str, Any], code: str) -> None:
    access = await api.signed_in()
    assert (await api.post("/v1/routes", {"game": "cs2", **changes}, access)).code == code


async def test_only_a_player_may_ask(api: ApiDriver) -> None:
    assert (await api.post("/v1/routes", {"game": "cs2"})).code == "token_missing"
