"""/v1/sessions over HTTP: from start to history, and who may do what."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from plg.protocol.keys import mask_key
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session
from plg_server.services.session_grants import user_ref
from support.api_driver import ApiDriver, StartServer
from support.member_relay import enrolled_relay


async def started(api: ApiDriver, access: str, game: str = "cs2", **fields: Any) -> Any:
    reply = await api.post("/v1/sessions", {"game": game, **fields}, access)
    assert reply.status == 201, reply.text
    return reply.json


async def test_a_grant_holds_a_ticket_that_its_relay_opens(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    me = (await api.get("/v1/me", access)).json

    grant = await started(api, access)
    ticket = relay.open(grant)

    profile = api.app[app_keys.CATALOG].by_slug["cs2"]
    assert f"{ticket.cid:016x}" == grant["cid"]
    assert ticket.secret == base64.b64decode(grant["key"])
    assert (ticket.profile_id, ticket.profile_revision) == (profile.acl.profile_id, profile.acl.revision)
    assert ticket.expires_at_s - ticket.issued_at_s == 4 * 3600
    assert ticket.user_ref == user_ref(me["id"])
    assert ticket.targets == ()
    assert grant["relay"]["node_id"] == relay.identity.node_id
    assert grant["destinations"][0]["cidrs"]
    assert grant["renew_after_s"] == 1800


async def test_a_grant_holds_the_mask_key_while_its_relay_masks(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    grant = await started(api, access)
    assert grant["relay"]["mask_key"] is None

    await relay.beat(mask=True)
    renewed = (await api.post(f"/v1/sessions/{grant['session_id']}/renew", {}, access)).json

    key = base64.b64encode(mask_key(relay.identity.control_key)).decode()
    assert (renewed["relay"]["mask_key"], (await started(api, access))["relay"]["mask_key"]) == (key, key)


async def test_the_relay_with_the_lowest_total_is_chosen_and_the_player_is_told_why(api: ApiDriver) -> None:
    near = await enrolled_relay(api, "near the player")
    far = await enrolled_relay(api, "near the game", host="9.9.9.10")
    access = await api.signed_in()
    await api.get("/v1/nodes", access, params={"game": "cs2"})
    target = (await near.beat())["probe_targets"][0]["target_id"]
    await near.beat(measurements=[{"target_id": target, "rtt_ms": 40.0}])
    await far.beat(measurements=[{"target_id": target, "rtt_ms": 3.0}])
    measurements = [
        {"node_id": near.identity.node_id, "rtt_ms": 5.0},
        {"node_id": far.identity.node_id, "rtt_ms": 20.0},
    ]

    grant = await started(api, access, measurements=measurements)
    insisted = await started(api, access, measurements=measurements, node_id=near.identity.node_id)

    assert grant["relay"]["name"] == "near the game"
    assert grant["predicted_total_ms"] == 23.0
    assert "20.0 ms to you + 3.0 ms to the game" in grant["chosen_because"]
    assert insisted["relay"]["name"] == "near the player"
    assert "you asked for it" in insisted["chosen_because"]


async def test_no_relay_free_is_told_with_its_reason(api: ApiDriver) -> None:
    access = await api.signed_in()
    none = await api.post("/v1/sessions", {"game": "cs2"}, access)
    assert (none.status, none.code) == (503, "no_relay_free")
    assert "no relay is online" in none.json["detail"]
    assert none.json["retry_after_s"] > 0

    relay = await enrolled_relay(api)
    await relay.beat(draining=True)
    busy = await api.post("/v1/sessions", {"game": "cs2"}, access)
    assert (busy.status, busy.code) == (503, "no_relay_free")
    assert "full or draining" in busy.json["detail"]


async def test_a_named_relay_that_cannot_be_had_is_refused_with_the_one_reason(api: ApiDriver) -> None:
    access = await api.signed_in()
    relay = await enrolled_relay(api)
    node_id = relay.identity.node_id

    async def asked(name: str = node_id) -> tuple[int, str | None, str]:
        reply = await api.post("/v1/sessions", {"game": "cs2", "node_id": name}, access)
        return reply.status, reply.code, reply.json["detail"]

    await relay.beat(draining=True)
    assert await asked() == (409, "node_draining", "the relay Frankfurt 1 is draining and takes no new sessions")
    await relay.beat(sessions=100)
    assert await asked() == (503, "node_full", "the relay Frankfurt 1 is full; try again soon")
    assert await asked("mars") == (404, "node_not_found", "there is no relay 'mars'")
    unknown = await api.post("/v1/sessions", {"game": "cs2", "node_id": "mars"}, access)
    assert "Frankfurt 1" in unknown.json["nearest"][0]
    await api.app[app_keys.RELAY_STATES].forget(node_id)
    assert await asked() == (503, "node_offline", "the relay Frankfurt 1 does not answer the server")
    with api.app[app_keys.DATABASE].active():
        await Node.all().update(disabled_at=utc_now())
    assert await asked() == (409, "node_disabled", "the relay Frankfurt 1 was taken out of service")


async def test_games_that_are_unknown_or_tcp_only_are_refused_clearly(api: ApiDriver) -> None:
    await enrolled_relay(api)
    access = await api.signed_in()

    unknown = await api.post("/v1/sessions", {"game": "openarenna"}, access)
    tcp = await api.post("/v1/sessions", {"game": "terraria"}, access)

    assert (unknown.status, unknown.code) == (404, "game_not_found")
    assert unknown.json["nearest"][0] == "openarena"
    assert (tcp.status, tcp.code) == (422, "game_not_supported")
    assert "Terraria plays over TCP" in tcp.json["detail"]


async def test_a_community_server_is_in_the_ticket(start_server: StartServer, backend: dict[str, object]) -> None:
    api = await start_server(**backend, allow_private_targets=True)
    relay = await enrolled_relay(api)
    access = await api.signed_in()

    grant = await started(api, access, "openarena", target="10.1.2.3:27960")

    ticket = relay.open(grant)
    assert [(str(t.prefix), t.first_port, t.last_port) for t in ticket.targets] == [("10.1.2.3/32", 27960, 27960)]
    assert grant["targets"] == ["10.1.2.3:27960"]
    history = (await api.get("/v1/sessions", access)).json["sessions"][0]
    assert (history["target"], history["state"]) == ("10.1.2.3:27960", "active")


async def test_targets_are_added_one_by_one_up_to_eight(start_server: StartServer, backend: dict[str, object]) -> None:
    api = await start_server(**backend, allow_private_targets=True, rate_limits_on=False)
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    grant = await started(api, access, "openarena")
    url = f"/v1/sessions/{grant['session_id']}/targets"

    added = await api.post(url, {"target": "[fd00::1]:27960"}, access)
    same = await api.post(url, {"target": "[fd00::1]:27960"}, access)
    replies = await asyncio.gather(*(api.post(url, {"target": f"10.1.2.{n}:27960"}, access) for n in range(10)))

    assert added.json["targets"] == same.json["targets"] == ["[fd00::1]:27960"]
    assert added.json["cid"] == grant["cid"]
    assert added.json["key"] == grant["key"]
    assert relay.open(added.json).expires_at_s == relay.open(grant).expires_at_s
    assert sorted(reply.status for reply in replies) == [200] * 7 + [403] * 3
    refused = next(reply for reply in replies if reply.status == 403)
    assert "8 targets" in refused.json["detail"]
    last = await api.post(url, {"target": "[fd00::1]:27960"}, access)
    assert len(relay.open(last.json).targets) == 8


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("10.0.0.1:27960", "not a public address"),
        ("127.0.0.1:27960", "not a public address"),
        ("[::ffff:9.9.9.9]:27960", "not a public address"),
        ("9.9.9.9:53", "port 53"),
        ("9.9.9.9:1900", "port 1900"),
        ("9.9.9.9", "not HOST:PORT"),
        ("relay.invalid:27960", "has no address"),
        ("9.9.9.77:27960", "belongs to PLG itself"),
    ],
)
async def test_a_target_that_no_relay_may_reach_is_refused_with_its_reason(
    api: ApiDriver, target: str, says: str
) -> None:
    await enrolled_relay(api, host="9.9.9.77")
    access = await api.signed_in()

    reply = await api.post("/v1/sessions", {"game": "openarena", "target": target}, access)

    assert (reply.status, reply.code) == (403, "target_refused")
    assert says in reply.json["detail"]


async def test_a_renewal_keeps_the_session_and_moves_its_end(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    grant = await started(api, access)
    with api.app[app_keys.DATABASE].active():
        await Session.all().update(expires_at=utc_now() + timedelta(minutes=5))

    renewed = await api.post(f"/v1/sessions/{grant['session_id']}/renew", token=access)

    assert renewed.status == 200
    assert (renewed.json["cid"], renewed.json["key"]) == (grant["cid"], grant["key"])
    assert relay.open(renewed.json).expires_at_s >= relay.open(grant).expires_at_s


async def test_a_session_whose_relay_is_silent_is_not_moved(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    grant = await started(api, access)
    await api.app[app_keys.RELAY_STATES].forget(relay.identity.node_id)

    reply = await api.post(f"/v1/sessions/{grant['session_id']}/renew", token=access)

    assert (reply.status, reply.code) == (503, "no_relay_free")


METRICS = {
    "seconds": 30.0,
    "packets_up": 1900,
    "packets_down": 1800,
    "bytes_up": 60_000,
    "bytes_down": 160_000,
    "paths": [{"path": 0, "rtt_ms_p50": 21.5, "loss_up_percent": 0.1, "loss_down_percent": 0.2}],
}


async def test_a_stop_counts_its_metrics_exactly_once(api: ApiDriver) -> None:
    await enrolled_relay(api)
    access = await api.signed_in()
    grant = await started(api, access)
    url = f"/v1/sessions/{grant['session_id']}/stop"

    replies = await asyncio.gather(*(api.post(url, METRICS, access) for _ in range(5)))
    await api.post(url, {**METRICS, "packets_up": 1}, access)

    assert {reply.status for reply in replies} == {200}
    totals = (await api.get("/v1/me", access)).json["totals"]
    assert totals == {"sessions": 1, "seconds": 30, "packets": 3700, "bytes": 220_000}
    record = (await api.get("/v1/sessions", access)).json["sessions"][0]
    assert (record["state"], record["packets_up"], record["rtt_ms_p50"]) == ("ended", 1900, 21.5)


async def test_a_stopped_session_cannot_be_renewed_and_its_relay_hears_of_it(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    grant = await started(api, access)
    await api.post(f"/v1/sessions/{grant['session_id']}/stop", METRICS, access)

    renewed = await api.post(f"/v1/sessions/{grant['session_id']}/renew", token=access)
    target = await api.post(f"/v1/sessions/{grant['session_id']}/targets", {"target": "9.9.9.8:27015"}, access)

    assert (renewed.status, renewed.code) == (409, "session_ended")
    assert target.code == "session_ended"
    assert (await relay.beat())["revoked_cids"] == [grant["cid"]]
    with api.app[app_keys.DATABASE].active():
        assert (await Session.get(id=grant["session_id"])).secret == ""


async def test_a_stop_is_pushed_to_the_relays_control_api(api: ApiDriver) -> None:
    heard: asyncio.Queue[tuple[str | None, Any]] = asyncio.Queue()

    async def revocations(request: web.Request) -> web.Response:
        heard.put_nowait((request.headers.get("X-Relay-Key"), await request.json()))
        return web.Response(status=204)

    control = web.Application()
    control.router.add_post("/v1/revocations", revocations)
    async with TestServer(control) as server:
        relay = await enrolled_relay(api, control_url=str(server.make_url("/")))
        access = await api.signed_in()
        grant = await started(api, access)
        await api.post(f"/v1/sessions/{grant['session_id']}/stop", {}, access)
        async with asyncio.timeout(5):
            key, body = await heard.get()

    assert key == relay.identity.control_key
    assert body["cid"] == grant["cid"]


async def test_metrics_beyond_what_is_possible_are_cut(api: ApiDriver) -> None:
    await enrolled_relay(api)
    access = await api.signed_in()
    grant = await started(api, access)
    wild = {"seconds": 31_000_000, "packets_up": 2**53, "packets_down": 2**53, "bytes_up": 2**53, "bytes_down": 2**53}

    record = (await api.post(f"/v1/sessions/{grant['session_id']}/stop", wild, access)).json

    assert record["seconds"] <= 120
    assert record["packets_up"] < 1_000_000
    assert (await api.get("/v1/me", access)).json["totals"]["bytes"] < 2**40


async def test_another_players_session_is_as_unknown_as_none(api: ApiDriver) -> None:
    await enrolled_relay(api)
    mine, other = await api.signed_in("a@example.org"), await api.signed_in("b@example.org")
    grant = await started(api, mine)
    session_id = grant["session_id"]

    for path, body in (("renew", None), ("stop", METRICS), ("targets", {"target": "9.9.9.8:27015"})):
        foreign = await api.post(f"/v1/sessions/{session_id}/{path}", body, other)
        absent = await api.post(f"/v1/sessions/{'0' * 16}/{path}", body, other)
        assert foreign.status == absent.status == 404
        assert foreign.json["detail"].replace(session_id, "") == absent.json["detail"].replace("0" * 16, "")
        assert (await api.post(f"/v1/sessions/{session_id}/{path}", body)).code == "token_missing"
    assert (await api.get("/v1/sessions", other)).json["total"] == 0
    assert (await api.get("/v1/sessions", mine)).json["sessions"][0]["state"] == "active"


async def test_beyond_the_plan_the_newest_session_wins(start_server: StartServer, backend: dict[str, object]) -> None:
    api = await start_server(**backend, plan_max_sessions=2, rate_limits_on=False)
    relay = await enrolled_relay(api)
    access = await api.signed_in()

    grants = [await started(api, access) for _ in range(3)]

    sessions = (await api.get("/v1/sessions", access)).json["sessions"]
    states = {row["session_id"]: row["state"] for row in sessions}
    assert [states[grant["session_id"]] for grant in grants] == ["ended", "active", "active"]
    assert (await relay.beat())["revoked_cids"] == [grants[0]["cid"]]
    # The client that lost still hands in what it measured.
    await api.post(f"/v1/sessions/{grants[0]['session_id']}/stop", METRICS, access)
    assert (await api.get("/v1/me", access)).json["totals"]["sessions"] == 1


async def test_parallel_starts_never_leave_more_sessions_than_the_plan_allows(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    api = await start_server(**backend, plan_max_sessions=2, rate_limits_on=False)
    await enrolled_relay(api)
    access = await api.signed_in()

    await asyncio.gather(*(started(api, access) for _ in range(6)))

    sessions = (await api.get("/v1/sessions", access)).json["sessions"]
    assert [row["state"] for row in sessions].count("active") == 2


async def test_history_is_paged_newest_first(api: ApiDriver) -> None:
    await enrolled_relay(api)
    access = await api.signed_in()
    grants = [await started(api, access) for _ in range(3)]

    first = (await api.get("/v1/sessions", access, params={"limit": 2})).json
    second = (await api.get("/v1/sessions", access, params={"limit": 2, "offset": 2})).json

    shown = [row["session_id"] for row in first["sessions"] + second["sessions"]]
    assert shown == [grant["session_id"] for grant in reversed(grants)]
    assert first["total"] == 3
    assert (await api.get("/v1/sessions", access, params={"limit": 0})).code == "invalid_query"


async def test_the_sessions_of_a_banned_account_are_taken_from_its_relays(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    access = await api.signed_in()
    await started(api, access)
    with api.app[app_keys.DATABASE].active():
        await Account.all().update(banned_at=utc_now())
        account = await Account.first()

    assert account is not None
    assert (await relay.beat())["revoked_users"] == [f"{user_ref(account.id):016x}"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"game": "CS 2"},
        {"game": "cs2", "node_id": "a b"},
        {"game": "cs2", "measurements": [{"node_id": "x", "rtt_ms": -1}]},
        {"game": "cs2", "measurements": [{"node_id": "x", "rtt_ms": 1}] * 65},
        {"game": "cs2", "unknown": 1},
        {"game": 7},
        [],
    ],
)
async def test_a_start_with_a_wrong_body_is_refused(api: ApiDriver, body: object) -> None:
    access = await api.signed_in()
    assert (await api.post("/v1/sessions", body, access)).code == "invalid_body"
