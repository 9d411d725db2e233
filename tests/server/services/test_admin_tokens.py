"""Tokens of relays and scripts as operators look after them: found by what is known of them, revoked once, never shown."""

import asyncio
from datetime import timedelta
from typing import Any

from plg.contract.api_tokens import CreateTokenRequest, Scope
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.account_safety import ApiToken
from plg_server.models.accounts import Account
from plg_server.models.nodes import EnrolmentToken, Node
from plg_server.services import api_tokens
from plg_server.services.nodes import create_enrolment_token
from plg_server.services.tokens import token_hash
from support.api_driver import ApiDriver, Reply
from support.callers import Caller, signed_in_as
from support.member_relay import enrolled_relay

HOUR = timedelta(hours=1)


async def script(api: ApiDriver, owner: Caller, name: str = "script", *scopes: Scope) -> tuple[str, str]:
    """An API token of this account: its id, and the token."""
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(id=owner.account_id)
        request = CreateTokenRequest(name=name, scopes=[*scopes] or [Scope.READ])
        made = await api_tokens.create(account, request, utc_now())
    return made.api_token.id, made.token


async def invitation(api: ApiDriver, name: str) -> tuple[str, str]:
    """A token for one relay: its id, and the token."""
    with api.app[app_keys.DATABASE].active():
        made = await create_enrolment_token(name)
    return token_hash(made.token)[:16], made.token


async def enrol(api: ApiDriver, token: str) -> Reply:
    """A relay that comes with this token."""
    return await api.post("/v1/relays/enrol", {"enrol_token": token, "public_host": "8.8.8.8", "port": 443})


async def found(api: ApiDriver, boss: Caller, **query: str) -> Any:
    """A page of /v1/admin/tokens."""
    reply = await api.get("/v1/admin/tokens", boss.access_token, params=query)
    assert reply.status == 200, reply.text
    return reply.json


async def ids(api: ApiDriver, boss: Caller, **query: str) -> list[str]:
    """The ids on a page."""
    return [token["id"] for token in (await found(api, boss, **query))["tokens"]]


async def test_a_relay_s_token_is_pending_used_by_its_relay_expired_or_revoked(api: ApiDriver) -> None:
    boss, now = await signed_in_as(api, "admin"), utc_now()
    pending, used, expired, revoked = [
        await invitation(api, name) for name in ("Pending 1", "Used 1", "Expired 1", "Revoked 1")
    ]
    node_id = (await enrol(api, used[1])).json["node_id"]
    with api.app[app_keys.DATABASE].active():
        await EnrolmentToken.filter(name="Expired 1").update(expires_at=now - HOUR)
    await api.post(f"/v1/admin/tokens/{revoked[0]}/revoke", {}, boss.access_token)

    assert await ids(api, boss, state="pending") == [pending[0]]
    assert await ids(api, boss, state="used") == [used[0]]
    assert await ids(api, boss, state="expired") == [expired[0]]
    assert await ids(api, boss, state="revoked") == [revoked[0]]
    assert await ids(api, boss, state="active") == []
    states = {token["name"]: token["state"] for token in (await found(api, boss, kind="relay"))["tokens"]}
    assert states == {"Pending 1": "pending", "Used 1": "used", "Expired 1": "expired", "Revoked 1": "revoked"}
    shown = (await api.get(f"/v1/admin/tokens/{used[0]}", boss.access_token)).json
    assert (shown["node_id"], shown["node_name"], shown["last_used_at"] is None) == (node_id, "Used 1", False)
    with api.app[app_keys.DATABASE].active():
        await Node.filter(id=node_id).update(name="Renamed", deleted_at=now)
        await EnrolmentToken.filter(name="Pending 1").update(used_at=now)
    assert (await api.get(f"/v1/admin/tokens/{used[0]}", boss.access_token)).json["node_name"] == "Renamed"
    unnoted = (await api.get(f"/v1/admin/tokens/{pending[0]}", boss.access_token)).json
    assert (unnoted["state"], unnoted["node_id"], unnoted["node_name"]) == ("used", None, None)


async def test_api_tokens_are_found_by_kind_account_and_state(api: ApiDriver) -> None:
    boss, ann, now = await signed_in_as(api, "admin"), await signed_in_as(api), utc_now()
    helper = await signed_in_as(api, "support")
    good, old, gone = [(await script(api, ann, name))[0] for name in ("good", "old", "gone")]
    reading = (await script(api, helper, "reads", Scope.ADMIN_READ))[0]
    relay = (await invitation(api, "Oslo 1"))[0]
    with api.app[app_keys.DATABASE].active():
        await ApiToken.filter(id=old).update(expires_at=now - HOUR)
        await ApiToken.filter(id=good).update(expires_at=now + HOUR, last_used_at=now)
        await ApiToken.filter(id=gone).update(revoked_at=now)

    email = f"{ann.account_id}@example.org"
    assert set(await ids(api, boss)) == {good, old, gone, reading, relay}
    assert set(await ids(api, boss, kind="player")) == {good, old, gone}
    assert await ids(api, boss, kind="operator") == [reading]
    assert await ids(api, boss, kind="relay") == [relay]
    assert set(await ids(api, boss, state="active")) == {good, reading}
    assert await ids(api, boss, state="expired") == [old]
    assert await ids(api, boss, state="revoked") == [gone]
    assert set(await ids(api, boss, account=ann.account_id)) == {good, old, gone}
    assert await ids(api, boss, account=email.upper(), state="active") == [good]
    assert await ids(api, boss, account="nobody@example.org") == await ids(api, boss, account="x" * 200) == []
    assert await ids(api, boss, account=ann.account_id, kind="relay") == []
    (one,) = (await found(api, boss, account=email, state="active"))["tokens"]
    assert (one["name"], one["scopes"], one["email"]) == ("good", ["read"], email)
    assert None not in (one["expires_at"], one["last_used_at"], one["prefix"])
    with api.app[app_keys.DATABASE].active():
        await Account.filter(id=helper.account_id).update(role="player")
    assert reading in await ids(api, boss, kind="player")


async def test_pages_go_through_both_kinds_without_a_gap(api: ApiDriver) -> None:
    boss = await signed_in_as(api, "admin")
    for name in ("a", "b", "c"):
        await invitation(api, name)
        await script(api, boss, name)
    whole = await ids(api, boss)
    assert (len(whole), await ids(api, boss, kind="relay")) == (6, whole[:3])
    for size in (1, 2, 4, 5):
        pages = [await ids(api, boss, limit=str(size), offset=str(first)) for first in range(0, 6, size)]
        assert [token for page in pages for token in page] == whole
    assert (await found(api, boss, limit="1", offset="9")) == {"tokens": [], "total": 6, "limit": 1, "offset": 9}


async def test_no_answer_holds_a_token_or_its_hash(api: ApiDriver) -> None:
    boss = await signed_in_as(api, "admin")
    for token_id, token in (await script(api, boss), await invitation(api, "Oslo 1")):
        said = (await api.get("/v1/admin/tokens", boss.access_token)).text
        said += (await api.get(f"/v1/admin/tokens/{token_id}", boss.access_token)).text
        said += (await api.post(f"/v1/admin/tokens/{token_id}/revoke", {}, boss.access_token)).text
        said += (await api.get("/v1/admin/audit?act=tokens.revoke", boss.access_token)).text
        assert [secret for secret in (token, token[11:30], token_hash(token)[17:]) if secret in said] == []


async def test_a_revoked_api_token_opens_nothing_and_is_revoked_once(api: ApiDriver) -> None:
    boss, ann = await signed_in_as(api, "admin"), await signed_in_as(api)
    token_id, token = await script(api, ann)
    url = f"/v1/admin/tokens/{token_id}/revoke"

    dry = (await api.post(url, {"dry_run": True}, boss.access_token)).json
    assert (dry["changed"], dry["dry_run"], dry["token"]["state"]) == (True, True, "active")
    assert (await api.get("/v1/me", token)).status == 200
    replies = await asyncio.gather(*(api.post(url, {"reason": "leaked"}, boss.access_token) for _ in range(3)))

    assert sorted(reply.json["changed"] for reply in replies) == [False, False, True]
    assert {reply.json["token"]["state"] for reply in replies} == {"revoked"}
    assert (await api.get("/v1/me", token)).code == "token_invalid"
    assert (await api.get("/v1/me/tokens", ann.access_token)).json["total"] == 0
    (entry,) = (await api.get(f"/v1/admin/audit?subject=token:{token_id}", boss.access_token)).json["entries"]
    assert (entry["act"], entry["actor"]["account_id"]) == ("tokens.revoke", boss.account_id)
    assert entry["details"] == {
        "kind": "player", "account": ann.account_id, "scopes": ["read"], "reason": "leaked"
    }  # fmt: skip


async def test_a_revoked_relay_s_token_lets_none_in_and_a_used_one_stays(api: ApiDriver) -> None:
    boss = await signed_in_as(api, "admin")
    revoked, used = await invitation(api, "Oslo 1"), await invitation(api, "Rome 1")
    done = (await api.post(f"/v1/admin/tokens/{revoked[0]}/revoke", {"reason": "lost"}, boss.access_token)).json
    assert (done["changed"], done["token"]["state"]) == (True, "revoked")
    # So that a server of the version before refuses it as well.
    assert done["token"]["expires_at"] == done["token"]["revoked_at"]
    assert (await enrol(api, revoked[1])).code == "enrolment_refused"
    assert (await enrol(api, used[1])).status == 200
    late = (await api.post(f"/v1/admin/tokens/{used[0]}/revoke", {}, boss.access_token)).json
    assert (late["changed"], late["token"]["state"], late["token"]["revoked_at"]) == (False, "used", None)
    audit = (await api.get("/v1/admin/audit?act=tokens.revoke", boss.access_token)).json["entries"]
    assert [entry["details"] for entry in audit] == [{"kind": "relay", "name": "Oslo 1", "reason": "lost"}]


async def test_of_a_relay_that_enrols_and_a_revocation_at_once_one_wins(api: ApiDriver) -> None:
    boss = await signed_in_as(api, "admin")
    for number in range(4):
        token_id, token = await invitation(api, f"r{number}")
        revoke = api.post(f"/v1/admin/tokens/{token_id}/revoke", {}, boss.access_token)
        came, ended = await asyncio.gather(enrol(api, token), revoke)
        assert (came.status == 200) is not ended.json["changed"]
        state = (await api.get(f"/v1/admin/tokens/{token_id}", boss.access_token)).json["state"]
        assert state == ("used" if came.status == 200 else "revoked")


async def test_what_is_not_there_is_not_found_and_relays_enrol_as_before(api: ApiDriver) -> None:
    boss = await signed_in_as(api, "admin")
    await enrolled_relay(api)
    for answer in (
        await api.get(f"/v1/admin/tokens/{'f' * 16}", boss.access_token),
        await api.post(f"/v1/admin/tokens/{'f' * 16}/revoke", {}, boss.access_token),
    ):
        assert (answer.status, answer.code) == (404, "not_found")
    (token,) = (await found(api, boss, kind="relay"))["tokens"]
    assert (token["state"], token["node_name"]) == ("used", "Frankfurt 1")
