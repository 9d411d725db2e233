"""Everybody's sessions: found by what an operator knows of them, and ended for good."""

import asyncio
from datetime import timedelta
from typing import Any

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.sessions import Session
from support.api_driver import ApiDriver
from support.callers import Caller, signed_in_as
from support.member_relay import enrolled_relay
from support.operator_rows import account_row, node_row, session_row, transit_row


async def found(api: ApiDriver, boss: Caller, **query: str) -> Any:
    """A page of /v1/admin/sessions."""
    reply = await api.get("/v1/admin/sessions", boss.access_token, params=query)
    assert reply.status == 200, reply.text
    return reply.json


async def test_sessions_are_found_by_account_relay_game_state_and_time(api: ApiDriver) -> None:
    boss, now = await signed_in_as(api, "admin"), utc_now()
    with api.app[app_keys.DATABASE].active():
        ann, bob = await account_row("ann@example.org", now), await account_row("bob@example.org", now)
        oslo, rome = await node_row("oslo", 1, now), await node_row("rome", 2, now)
        running = await session_row(ann, oslo, now)
        old = await session_row(bob, oslo, now, started_at=now - timedelta(days=2), ended_at=now, ended_because="stop")
        expired = await session_row(bob, rome, now, started_at=now - timedelta(hours=6), expires_at=now)
        await transit_row(running, rome, now)
        await Session.filter(id=old.id).update(game="dota-2")

    async def ids(**query: str) -> set[str]:
        return {session["session_id"] for session in (await found(api, boss, **query))["sessions"]}

    assert await ids(state="active") == {running.id}
    assert await ids(state="ended") == {old.id, expired.id}
    assert await ids(account="Bob@example.org") == await ids(account=bob.id) == {old.id, expired.id}
    assert await ids(account="nobody@example.org") == set()
    assert await ids(node=rome.id) == {running.id, expired.id}
    assert await ids(game="dota-2") == {old.id}
    assert await ids(since=(now - timedelta(days=1)).isoformat()) == {running.id, expired.id}
    assert await ids(until=(now - timedelta(days=1)).isoformat()) == {old.id}
    page = await found(api, boss, limit="1", offset="1")
    assert (len(page["sessions"]), page["total"]) == (1, 3)
    text = (await api.get(f"/v1/admin/sessions/{running.id}", boss.access_token)).text
    assert '"rome"' in text
    assert '"secret"' not in text
    assert running.cid not in text


async def test_a_killed_session_ends_everywhere_and_once(api: ApiDriver) -> None:
    boss, relay, player = await signed_in_as(api, "admin"), await enrolled_relay(api), await signed_in_as(api)
    grant = (await api.post("/v1/sessions", {"game": "cs2"}, player.access_token)).json
    url = f"/v1/admin/sessions/{grant['session_id']}/kill"

    dry = (await api.post(url, {"dry_run": True}, boss.access_token)).json
    assert (dry["changed"], dry["session"]["state"], dry["relays"]) == (True, "active", ["Frankfurt 1"])
    kills = await asyncio.gather(*(api.post(url, {"reason": "abuse"}, boss.access_token) for _ in range(3)))

    assert sorted(reply.json["changed"] for reply in kills) == [False, False, True]
    assert grant["cid"] in (await relay.beat())["revoked_cids"]
    renewed = await api.post(f"/v1/sessions/{grant['session_id']}/renew", None, player.access_token)
    assert renewed.code == "session_ended"
    (row,) = (await found(api, boss))["sessions"]
    assert (row["state"], row["ended_because"]) == ("ended", "ended_by_operator")
    audit = (await api.get("/v1/admin/audit?act=sessions.kill", boss.access_token)).json
    assert [entry["details"]["reason"] for entry in audit["entries"]] == ["abuse"]
    missing = await api.post(f"/v1/admin/sessions/{'f' * 16}/kill", {}, boss.access_token)
    assert missing.code == "session_not_found"
