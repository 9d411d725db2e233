"""POST /v1/sessions/{id}/transits: other relays in the places of those that failed."""

import asyncio
from typing import Any

from plg_server import app_keys
from plg_server.models.sessions import SessionRelay
from support.api_driver import ApiDriver, Reply
from support.member_relay import Fleet, relay_fleet


async def started(api: ApiDriver, access: str, fleet: Fleet, **fields: Any) -> Any:
    body = {"game": "cs2", "measurements": fleet.measurements, **fields}
    reply = await api.post("/v1/sessions", body, access)
    assert reply.status == 201, reply.text
    return reply.json


async def refilled(api: ApiDriver, access: str, fleet: Fleet, grant: Any, *exclude: str, **more: Any) -> Reply:
    body = {"exclude": [fleet.id(name) for name in exclude], "measurements": fleet.measurements, **more}
    return await api.post(f"/v1/sessions/{grant['session_id']}/transits", body, access)


def ways(fleet: Fleet, grant: Any) -> dict[int, str]:
    return {transit["path"]: fleet.name(transit["relay"]["node_id"]) for transit in grant["transits"]}


async def test_a_dead_transits_place_is_taken_and_the_other_one_keeps_its_own(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30, d=35)
    grant = await started(api, access, fleet)
    assert ways(fleet, grant) == {1: "b", 2: "c"}

    fresh = (await refilled(api, access, fleet, grant, "b")).json

    assert ways(fleet, fresh) == {1: "d", 2: "c"}
    assert (fresh["cid"], fresh["key"], fresh["expires_at"]) == (grant["cid"], grant["key"], grant["expires_at"])
    assert fresh["transits"][1]["key"] == grant["transits"][1]["key"]
    assert fresh["transits"][0]["key"] != grant["transits"][0]["key"]
    assert [path for path, _ in fleet["a"].open(fresh).transits] == [1, 2]
    assert fleet["d"].open_transit(fresh["transits"][0]).cid == fleet["a"].open(fresh).cid
    renewed = (await api.post(f"/v1/sessions/{grant['session_id']}/renew", token=access)).json
    assert ways(fleet, renewed) == {1: "d", 2: "c"}


async def test_a_relay_that_the_server_hears_no_more_loses_its_place_without_being_named(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30, d=35)
    grant = await started(api, access, fleet)
    await api.app[app_keys.RELAY_STATES].forget(fleet.id("c"))
    assert ways(fleet, (await refilled(api, access, fleet, grant)).json) == {1: "b", 2: "d"}


async def test_with_nobody_left_the_session_goes_on_and_says_so(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    grant = await started(api, access, fleet)
    alone = (await refilled(api, access, fleet, grant, "b")).json
    assert alone["transits"] == []
    assert alone["standby"]["cid"] == grant["standby"]["cid"], "what failed as transit may be good as standby"
    assert alone["degraded_because"] == "no second way: no relay can serve as transit (b: you excluded it)"
    back = (await refilled(api, access, fleet, grant)).json
    assert ways(fleet, back) == {1: "b"}
    assert back["standby"]["relay"]["node_id"] == fleet.id("b")
    assert back["degraded_because"] is None


async def test_a_standby_that_failed_is_replaced_and_its_ticket_revoked(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30)
    grant = await started(api, access, fleet)
    assert grant["standby"]["relay"]["node_id"] == fleet.id("b")

    fresh = (await refilled(api, access, fleet, grant, standby_failed=True)).json

    assert ways(fleet, fresh) == ways(fleet, grant)
    assert fresh["standby"]["relay"]["node_id"] == fleet.id("c")
    assert fresh["standby"]["cid"] != grant["standby"]["cid"]
    assert (await fleet["b"].beat())["revoked_cids"] == [grant["standby"]["cid"]]
    await api.post(f"/v1/sessions/{grant['session_id']}/stop", {}, access)
    assert grant["cid"] in (await fleet["b"].beat())["revoked_cids"], "a former transit hears of the end too"


async def test_a_standby_whose_relay_fell_silent_is_replaced_or_said_to_be_missing(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    grant = await started(api, access, fleet)
    await api.app[app_keys.RELAY_STATES].forget(fleet.id("b"))
    alone = (await refilled(api, access, fleet, grant)).json
    assert (alone["transits"], alone["standby"]) == ([], None)
    assert alone["degraded_because"] == (
        "no second way: only one relay is left; no standby exit: no other relay on another host is free"
    )


async def test_without_measurements_nobody_new_is_taken(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30)
    grant = await started(api, access, fleet)
    body = {"exclude": [fleet.id("b"), fleet.id("c")]}
    fresh = (await api.post(f"/v1/sessions/{grant['session_id']}/transits", body, access)).json
    assert fresh["transits"] == []


async def test_two_calls_at_once_fill_a_place_once(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30, d=35)
    grant = await started(api, access, fleet)
    replies = await asyncio.gather(*(refilled(api, access, fleet, grant, "b") for _ in range(4)))
    assert [ways(fleet, reply.json) for reply in replies] == [{1: "d", 2: "c"}] * 4
    with api.app[app_keys.DATABASE].active():
        live = await SessionRelay.filter(removed_at=None, role="transit")
    assert sorted(row.path for row in live) == [1, 2]


async def test_only_the_owner_of_a_running_session_may(api: ApiDriver) -> None:
    mine, other = await api.signed_in("a@example.org"), await api.signed_in("b@example.org")
    fleet = await relay_fleet(api, a=10, b=20)
    grant = await started(api, mine, fleet)
    assert (await refilled(api, other, fleet, grant)).code == "session_not_found"
    url = f"/v1/sessions/{grant['session_id']}/transits"
    assert (await api.post(url, {"exclude": ["a b"]}, mine)).code == "invalid_body"
    await api.post(f"/v1/sessions/{grant['session_id']}/stop", {}, mine)
    assert (await refilled(api, mine, fleet, grant)).code == "session_ended"
