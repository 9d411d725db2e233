"""Relays in an operator's hands: what players still get, what the relay is told, and what is kept."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from plg_server import app_keys
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session
from support.api_driver import ApiDriver, StartServer
from support.callers import Caller, signed_in_as
from support.member_relay import enrolled_relay


class Control:
    """A relay's control API that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Any call."""
        self.heard.append((request.path, await request.json()))
        return web.Response(status=204)


@pytest.fixture
async def control() -> AsyncIterator[Control]:
    """Listens on this machine."""
    relay = Control()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", relay.take)
    async with TestServer(app) as server:
        relay.url = str(server.make_url("/"))
        yield relay


@pytest.fixture
async def one(start_server: StartServer) -> ApiDriver:
    """What does not depend on the engine is shown on one."""
    return await start_server(rate_limits_on=False)


async def act(api: ApiDriver, boss: Caller, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    """What the admin API answers below /nodes."""
    options = {"json": body} if body is not None else {}
    reply = await api.call(method, f"/v1/admin/nodes{path}", headers=boss.headers, **options)
    assert reply.status == status, reply.text
    return reply.json


async def state_of(api: ApiDriver, boss: Caller, node_id: str) -> str:
    """As the operator sees it."""
    return str((await act(api, boss, "GET", f"/{node_id}"))["state"])


async def playing(api: ApiDriver) -> tuple[Caller, Any]:
    """A player with a session; the answer of its start."""
    player = await signed_in_as(api)
    reply = await api.post("/v1/sessions", {"game": "cs2"}, player.access_token)
    assert reply.status == 201, reply.text
    return player, reply.json


async def seen_by_players(api: ApiDriver) -> list[str]:
    """Names."""
    return [node["name"] for node in (await api.get("/v1/nodes")).json["nodes"]]


async def test_a_relay_from_its_token_to_its_end(api: ApiDriver, control: Control) -> None:
    boss = await signed_in_as(api, "admin")
    new = await act(api, boss, "POST", "", {"name": "Oslo 1", "country": "no", "city": "Oslo"}, status=201)
    enrol = {"enrol_token": new["token"], "public_host": "9.9.9.9", "port": 443, "control_url": control.url}
    relay = (await api.post("/v1/relays/enrol", enrol)).json
    key = {"X-Relay-Key": f"{relay['node_id']}.{relay['relay_key']}"}
    beat = {"boot_id": "0123456789abcdef", "max_sessions": 100, "version": "1.2", "sessions": 50}
    assert await state_of(api, boss, relay["node_id"]) == "silent"
    await api.post("/v1/relays/heartbeat", beat, headers=key)
    player, session = await playing(api)

    (row,) = (await act(api, boss, "GET", ""))["nodes"]
    assert (row["name"], row["country"], row["state"], row["version"]) == ("Oslo 1", "NO", "up", "1.2")
    assert (row["load_percent"], row["sessions"], row["running_sessions"]) == (50.0, 50, 1)
    assert row["heard_seconds_ago"] < 20
    dry = await act(api, boss, "DELETE", f"/{row['id']}?dry_run=true")
    assert [running["session_id"] for running in dry["running"]] == [session["session_id"]]
    assert await seen_by_players(api) == ["Oslo 1"]

    done = await act(api, boss, "DELETE", f"/{row['id']}")

    assert (done["node"]["state"], done["running_total"], done["told"]) == ("deleted", 1, True)
    assert (await api.post("/v1/relays/heartbeat", beat, headers=key)).code == "token_invalid"
    assert await seen_by_players(api) == []
    assert (await act(api, boss, "GET", ""))["nodes"] == []
    assert (await act(api, boss, "GET", "?state=deleted"))["total"] == 1
    await act(api, boss, "DELETE", f"/{row['id']}", status=404)
    history = (await api.get("/v1/sessions", player.access_token)).json["sessions"]
    assert [(one["node_name"], one["state"]) for one in history] == [("Oslo 1", "ended")]
    assert ("/v1/drain", {"seconds": 0}) in control.heard


async def test_a_disabled_relay_gets_no_new_sessions_and_keeps_those_that_run(one: ApiDriver) -> None:
    boss, relay = await signed_in_as(one, "admin"), await enrolled_relay(one)
    node_id = relay.identity.node_id
    _, session = await playing(one)

    dry = await act(one, boss, "POST", f"/{node_id}/disable", {"dry_run": True})
    assert (dry["changed"], dry["node"]["state"]) == (True, "up")
    done = await act(one, boss, "POST", f"/{node_id}/disable", {})
    again = await act(one, boss, "POST", f"/{node_id}/disable", {})

    assert (done["changed"], again["changed"], done["node"]["state"]) == (True, False, "disabled")
    assert await seen_by_players(one) == []
    assert (await relay.beat())["disabled"]
    refused = await one.post("/v1/sessions", {"game": "cs2"}, (await signed_in_as(one)).access_token)
    assert refused.code == "no_relay_free"
    with one.app[app_keys.DATABASE].active():
        assert (await Session.get(id=session["session_id"])).ended_at is None
    await act(one, boss, "POST", f"/{node_id}/enable", {})
    assert not (await relay.beat())["disabled"]
    assert await seen_by_players(one) == ["Frankfurt 1"]


async def test_a_drained_relay_is_told_and_one_that_is_away_is_disabled_all_the_same(
    one: ApiDriver, control: Control
) -> None:
    boss = await signed_in_as(one, "admin")
    near = await enrolled_relay(one, "near", control_url=control.url)
    away = await enrolled_relay(one, "away", control_url=f"http://127.0.0.1:{unused_port()}")
    none = await enrolled_relay(one, "none")

    dry = await act(one, boss, "POST", f"/{near.identity.node_id}/drain", {"dry_run": True})
    assert (dry["told"], control.heard) == (None, [])
    acts = [
        await act(one, boss, "POST", f"/{relay.identity.node_id}/drain", {"seconds": 60})
        for relay in (near, away, none)
    ]

    assert [done["told"] for done in acts] == [True, False, False]
    assert control.heard == [("/v1/drain", {"seconds": 60})]
    assert "cannot be reached" in acts[1]["control_failure"]
    assert "no control address" in acts[2]["control_failure"]
    assert {done["node"]["state"] for done in acts} == {"draining"}
    assert await seen_by_players(one) == []
    await act(one, boss, "POST", f"/{near.identity.node_id}/enable", {})
    await near.beat(draining=True)
    assert await state_of(one, boss, near.identity.node_id) == "draining"  # until its process starts anew
    await near.beat()
    assert await state_of(one, boss, near.identity.node_id) == "up"


async def test_what_is_edited_is_seen_by_players_and_by_the_choice(one: ApiDriver) -> None:
    boss = await signed_in_as(one, "admin")
    first, second = await enrolled_relay(one, "a"), await enrolled_relay(one, "b", host="8.8.8.8")
    last = max(first.identity.node_id, second.identity.node_id)
    new = {"name": "Oslo", "country": "no", "city": "Oslo", "region": "north", "priority_ms": 5}

    shown = await act(one, boss, "PATCH", f"/{last}", new)

    assert {name: shown[name] for name in new} == {**new, "country": "NO"}
    assert [node["id"] for node in (await act(one, boss, "GET", "?region=north"))["nodes"]] == [last]
    _, session = await playing(one)
    assert session["relay"]["name"] == "Oslo"
    audit = (await one.get("/v1/admin/audit?act=nodes.edit", boss.access_token)).json["entries"]
    assert audit[0]["details"]["priority"] == [0, 5]
    for wrong in ({"country": "nor"}, {"priority_ms": 101}, {"name": ""}, {"city": "x\u202e"}, {"host": "evil"}):
        await act(one, boss, "PATCH", f"/{last}", wrong, status=422)
    await act(one, boss, "PATCH", "/" + "f" * 16, {"city": "x"}, status=404)


async def test_of_two_operators_who_delete_one_does(api: ApiDriver) -> None:
    boss, relay = await signed_in_as(api, "admin"), await enrolled_relay(api)
    url = f"/v1/admin/nodes/{relay.identity.node_id}"

    replies = await asyncio.gather(*(api.call("DELETE", url, headers=boss.headers) for _ in range(3)))

    assert sorted(reply.status for reply in replies) == [200, 404, 404]
    with api.app[app_keys.DATABASE].active():
        assert await Node.filter(deleted_at__not_isnull=True).count() == 1
    audit = (await api.get("/v1/admin/audit?act=nodes.delete", boss.access_token)).json
    assert audit["total"] == 1
