"""Transits and standby exits of sessions, from the start to the last revocation."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from plg.protocol.destination import unpack_address
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session, SessionRelay
from plg_server.services.sessions import expire_sessions
from support.api_driver import ApiDriver, StartServer
from support.member_relay import Fleet, relay_fleet


async def started(api: ApiDriver, access: str, fleet: Fleet, **fields: Any) -> Any:
    body = {"game": "cs2", "measurements": fleet.measurements, **fields}
    reply = await api.post("/v1/sessions", body, access)
    assert reply.status == 201, reply.text
    return reply.json


def names(fleet: Fleet, grants: list[Any]) -> list[str]:
    return [fleet.name(grant["relay"]["node_id"]) for grant in grants]


async def test_a_session_gets_an_exit_two_transits_and_a_standby(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30, d=35)

    grant = await started(api, access, fleet)

    assert (fleet.name(grant["relay"]["node_id"]), grant["mode"], grant["max_paths"]) == ("a", "redundant", 3)
    assert names(fleet, grant["transits"]) == ["b", "c"]
    assert [transit["path"] for transit in grant["transits"]] == [1, 2]
    assert names(fleet, [grant["standby"]]) == ["b"]
    assert grant["degraded_because"] is None
    assert "15.0 ms more than straight" in grant["transits"][0]["chosen_because"]
    assert "the best exit on another host" in grant["standby"]["chosen_because"]


async def test_the_exits_ticket_names_the_transits_and_theirs_name_the_exit(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30)

    grant = await started(api, access, fleet)

    ticket = fleet["a"].open(grant)
    assert ticket.max_paths == 3
    assert [(path, str(unpack_address(packed))) for path, packed in ticket.transits] == [
        (1, "21.1.1.1"),
        (2, "22.1.1.1"),
    ]
    seen = {grant["key"]}
    for transit in grant["transits"]:
        opened = fleet[fleet.name(transit["relay"]["node_id"])].open_transit(transit)
        assert (f"{opened.cid:016x}", str(opened.next_hop_address), opened.next_hop_port) == (
            grant["cid"], "20.1.1.1", 443,
        )  # fmt: skip
        assert opened.secret == base64.b64decode(transit["key"])
        assert opened.expires_at_s == ticket.expires_at_s
        seen.add(transit["key"])
    assert len(seen) == 3, "each has a secret of its own"


async def test_the_standby_has_a_session_id_and_a_key_of_its_own_and_the_same_rights(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)

    grant = await started(api, access, fleet)

    main, standby = fleet["a"].open(grant), fleet["b"].open(grant["standby"])
    assert (main.cid != standby.cid, main.secret != standby.secret) == (True, True)
    assert f"{standby.cid:016x}" == grant["standby"]["cid"]
    assert (standby.profile_id, standby.user_ref, standby.targets) == (main.profile_id, main.user_ref, main.targets)
    assert (standby.transits, standby.max_paths) == ((), main.max_paths)


@pytest.mark.parametrize(
    ("fields", "degraded"),
    [
        ({}, "no second way: only one relay is left; no standby exit: no other relay on another host is free"),
        ({"standby": False}, "no second way: only one relay is left"),
        ({"standby": False, "mode": "off"}, None),
        ({"standby": False, "interfaces": 2}, None),
    ],
)
async def test_with_one_relay_left_the_session_goes_on_and_says_what_it_lacks(
    api: ApiDriver, fields: dict[str, Any], degraded: str | None
) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10)
    grant = await started(api, access, fleet, **fields)
    assert (grant["transits"], grant["standby"], grant["degraded_because"]) == ([], None, degraded)


async def test_masks_and_detours_leave_no_transit_and_are_said(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=90)
    far = await started(api, access, fleet)
    assert far["degraded_because"] == "no second way: no relay can serve as transit (b: adds 85.0 ms, more than 30 ms)"
    assert names(fleet, [far["standby"]]) == ["b"]
    await fleet.beat("a", mask=True)
    masked = await started(api, access, fleet)
    assert masked["degraded_because"] == "no second way: a wants masked headers, which a transit cannot carry"


async def test_a_relay_that_shares_no_address_family_with_the_exit_is_no_transit(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    with api.app[app_keys.DATABASE].active():
        await Node.filter(id=fleet.id("b")).update(host="2620:fe::9")
    grant = await started(api, access, fleet)
    assert "no address of the same family as a" in grant["degraded_because"]


async def test_modes_interfaces_and_standbys_follow_the_servers_settings(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    api = await start_server(**backend, rate_limits_on=False, max_paths=1, standby_exits=False)
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    refused = await api.post("/v1/sessions", {"game": "cs2", "mode": "redundant"}, access)
    assert (refused.status, refused.code) == (403, "mode_not_allowed")
    for fields in ({}, {"mode": "off"}):
        grant = await started(api, access, fleet, **fields)
        assert (grant["mode"], grant["max_paths"], grant["transits"], grant["standby"]) == ("off", 1, [], None)
        assert grant["degraded_because"] is None


async def test_a_second_interface_takes_the_last_path_number(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30)
    grant = await started(api, access, fleet, interfaces=2)
    assert (grant["max_paths"], [transit["path"] for transit in grant["transits"]]) == (3, [1])
    ticket = fleet["a"].open(grant)
    assert (ticket.max_paths, [path for path, _ in ticket.transits]) == (3, [1])


async def test_the_clients_own_order_of_exits_is_honoured(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30)
    order = [fleet.id("c"), fleet.id("a")]
    grant = await started(api, access, fleet, exit_ids=order)
    assert (names(fleet, [grant, grant["standby"]])) == ["c", "a"]
    await fleet.beat("c", draining=True)
    assert names(fleet, [await started(api, access, fleet, exit_ids=order)]) == ["a"]
    assert names(fleet, [await started(api, access, fleet, exit_ids=[fleet.id("c"), "mars"])]) == ["a"]


async def test_a_renewal_keeps_every_relay_its_path_and_its_secret(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30)
    grant = await started(api, access, fleet)
    with api.app[app_keys.DATABASE].active():
        await Session.all().update(expires_at=utc_now() + timedelta(minutes=5))

    renewed = (await api.post(f"/v1/sessions/{grant['session_id']}/renew", token=access)).json

    assert [(t["path"], t["key"], t["relay"]) for t in renewed["transits"]] == [
        (t["path"], t["key"], t["relay"]) for t in grant["transits"]
    ]
    assert (renewed["standby"]["cid"], renewed["standby"]["key"]) == (grant["standby"]["cid"], grant["standby"]["key"])
    assert (renewed["mode"], renewed["max_paths"]) == (grant["mode"], grant["max_paths"])
    opened = fleet["b"].open_transit(renewed["transits"][0])
    assert opened.expires_at_s == fleet["a"].open(renewed).expires_at_s >= fleet["a"].open(grant).expires_at_s


async def test_a_silent_transit_is_left_out_of_a_renewal_and_comes_back_with_its_relay(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    grant = await started(api, access, fleet)
    url = f"/v1/sessions/{grant['session_id']}/renew"
    await api.app[app_keys.RELAY_STATES].forget(fleet.id("b"))

    alone = (await api.post(url, token=access)).json
    await fleet.beat("b")
    again = (await api.post(url, token=access)).json

    assert (alone["transits"], alone["standby"]) == ([], None)
    assert alone["degraded_because"] == (
        "no second way: a relay of this session does not answer the server; "
        "no standby exit: no other relay on another host is free"
    )
    assert fleet["a"].open(alone).transits == ()
    assert again["transits"][0]["key"] == grant["transits"][0]["key"]
    assert again["degraded_because"] is None


async def test_one_more_target_is_in_the_standbys_ticket_too(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    grant = await started(api, access, fleet, game="openarena")
    more = await api.post(f"/v1/sessions/{grant['session_id']}/targets", {"target": "9.9.9.8:27960"}, access)
    assert len(fleet["b"].open(more.json["standby"]).targets) == 1
    assert names(fleet, more.json["transits"]) == names(fleet, grant["transits"])


async def test_every_relay_of_an_ended_session_hears_of_it(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20, c=30)
    grant = await started(api, access, fleet)
    assert [(await fleet[name].beat())["revoked_cids"] for name in "abc"] == [[], [], []]

    await api.post(f"/v1/sessions/{grant['session_id']}/stop", {}, access)

    cid, standby = grant["cid"], grant["standby"]["cid"]
    told = {name: sorted((await fleet[name].beat())["revoked_cids"]) for name in "abc"}
    assert told == {"a": [cid], "b": sorted([cid, standby]), "c": [cid]}
    with api.app[app_keys.DATABASE].active():
        assert {row.secret for row in await SessionRelay.all()} == {""}


async def test_a_stop_is_pushed_to_every_relay(api: ApiDriver) -> None:
    heard: asyncio.Queue[tuple[str | None, str]] = asyncio.Queue()

    async def revocations(request: web.Request) -> web.Response:
        heard.put_nowait((request.headers.get("X-Relay-Key"), (await request.json())["cid"]))
        return web.Response(status=204)

    control = web.Application()
    control.router.add_post("/v1/revocations", revocations)
    async with TestServer(control) as server:
        access = await api.signed_in()
        fleet = await relay_fleet(api, a=10, b=20)
        with api.app[app_keys.DATABASE].active():
            await Node.all().update(control_url=str(server.make_url("/")))
        grant = await started(api, access, fleet)
        await api.post(f"/v1/sessions/{grant['session_id']}/stop", {}, access)
        async with asyncio.timeout(10):
            told = {await heard.get() for _ in range(3)}
    keys = {name: fleet[name].identity.control_key for name in "ab"}
    assert told == {(keys["a"], grant["cid"]), (keys["b"], grant["cid"]), (keys["b"], grant["standby"]["cid"])}


async def test_a_replaced_session_is_taken_from_all_its_relays(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    api = await start_server(**backend, plan_max_sessions=1, rate_limits_on=False)
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    first = await started(api, access, fleet)
    await started(api, access, fleet)
    told = (await fleet["b"].beat())["revoked_cids"]
    assert sorted(told) == sorted([first["cid"], first["standby"]["cid"]])


async def test_a_banned_players_transits_end_by_the_sessions_id(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    grant = await started(api, access, fleet)
    with api.app[app_keys.DATABASE].active():
        await Account.all().update(banned_at=utc_now())
    assert grant["cid"] in (await fleet["b"].beat())["revoked_cids"]


async def test_keys_of_sessions_that_another_server_ended_are_swept(api: ApiDriver) -> None:
    access = await api.signed_in()
    fleet = await relay_fleet(api, a=10, b=20)
    await started(api, access, fleet)
    with api.app[app_keys.DATABASE].active():
        await Session.all().update(ended_at=utc_now(), secret="")
        await expire_sessions(utc_now())
        assert {row.secret for row in await SessionRelay.all()} == {""}
