"""/v1/relays over HTTP: enrolment, heartbeats, profiles."""

import asyncio
from datetime import timedelta

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.nodes import EnrolmentToken, Node
from support.api_driver import ApiDriver
from support.member_relay import enrolled_relay, new_enrolment_token


async def test_a_token_makes_a_relay_once(api: ApiDriver) -> None:
    token = await new_enrolment_token(api)
    body = {"enrol_token": token, "public_host": "9.9.9.9", "port": 443}

    first = await api.post("/v1/relays/enrol", body)
    second = await api.post("/v1/relays/enrol", body)

    assert first.status == 200
    assert len(first.json["ticket_keys"]) == 1
    assert (second.status, second.code) == (403, "enrolment_refused")


async def test_of_parallel_uses_of_one_token_exactly_one_wins(api: ApiDriver) -> None:
    token = await new_enrolment_token(api)
    body = {"enrol_token": token, "public_host": "9.9.9.9", "port": 443}

    replies = await asyncio.gather(*(api.post("/v1/relays/enrol", body) for _ in range(8)))

    assert sorted(reply.status for reply in replies) == [200] + [403] * 7
    with api.app[app_keys.DATABASE].active():
        assert await Node.all().count() == 1


async def test_an_expired_or_unknown_token_is_refused_alike(api: ApiDriver) -> None:
    token = await new_enrolment_token(api)
    with api.app[app_keys.DATABASE].active():
        await EnrolmentToken.all().update(expires_at=utc_now() - timedelta(seconds=1))

    expired = await api.post("/v1/relays/enrol", {"enrol_token": token, "public_host": "9.9.9.9", "port": 443})
    unknown = await api.post("/v1/relays/enrol", {"enrol_token": "x" * 43, "public_host": "9.9.9.9", "port": 443})

    assert expired.code == unknown.code == "enrolment_refused"
    assert expired.json["detail"] == unknown.json["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_host": "9.9.9.9:443"},
        {"public_host": "a b"},
        {"public_host": "-x"},
        {"port": 0},
        {"control_url": "ftp://relay"},
        {"control_url": "http://[::1"},
        {"control_url": "http://"},
        {"name": "a\x07b"},
        {"max_sessions": 0},
    ],
)
async def test_an_enrolment_that_makes_no_sense_costs_no_token(api: ApiDriver, wrong: dict[str, object]) -> None:
    token = await new_enrolment_token(api)
    body = {"enrol_token": token, "public_host": "9.9.9.9", "port": 443}

    assert (await api.post("/v1/relays/enrol", {**body, **wrong})).status == 422
    assert (await api.post("/v1/relays/enrol", body)).status == 200


async def test_a_heartbeat_needs_the_relays_own_key(api: ApiDriver) -> None:
    one = await enrolled_relay(api, "one", beat=False)
    two = await enrolled_relay(api, "two", host="9.9.9.10", beat=False)
    beat = {"boot_id": "0123456789abcdef"}
    wrong_keys = [
        f"{one.identity.node_id}.{two.identity.relay_key}",
        f"{one.identity.node_id}.",
        f"{'0' * 16}.{one.identity.relay_key}",
        one.identity.relay_key,
        ".",
        "x" * 5000,
        "é.é",
    ]

    assert (await api.post("/v1/relays/heartbeat", beat)).code == "token_missing"
    for key in wrong_keys:
        reply = await api.post("/v1/relays/heartbeat", beat, headers={"X-Relay-Key": key})
        assert (reply.status, reply.code) == (401, "token_invalid")
    assert (await one.try_beat()).status == 200


async def test_a_heartbeat_is_answered_with_keys_profiles_and_addresses_never_to_be_reached(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    await enrolled_relay(api, "private", host="10.0.0.5")

    answer = await relay.beat()

    assert answer["ticket_keys"] == [{"key_id": entry.key_id, "key": entry.key} for entry in relay.identity.ticket_keys]
    assert answer["profiles_etag"] == api.app[app_keys.CATALOG].profile_set.etag
    assert answer["denied_addresses"] == ["9.9.9.9/32"]
    assert answer["revoked_cids"] == answer["revoked_users"] == []
    assert answer["disabled"] is False
    assert answer["server_time_ms"] > 1_700_000_000_000


async def test_profiles_are_sent_once_and_then_known_by_their_etag(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)

    full = await api.get("/v1/relays/profiles", headers=relay.headers)
    etag = {name.lower(): value for name, value in full.headers.items()}["etag"]
    again = await api.get("/v1/relays/profiles", headers={**relay.headers, "If-None-Match": etag})
    other = await api.get("/v1/relays/profiles", headers={**relay.headers, "If-None-Match": '"old"'})

    assert etag == f'"{full.json["etag"]}"'
    assert len(full.json["profiles"]) > 200
    assert (again.status, again.text) == (304, "")
    assert other.status == 200
    assert (await api.get("/v1/relays/profiles")).code == "token_missing"


async def test_a_disabled_relay_hears_so_and_leaves_the_list(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    with api.app[app_keys.DATABASE].active():
        await Node.all().update(disabled_at=utc_now())

    answer = await relay.beat()

    assert answer["disabled"] is True
    assert (await api.get("/v1/nodes")).json["nodes"] == []


async def test_a_heartbeat_with_wild_values_is_refused(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    for wild in (
        {"drops": {"x" * 65: 1}},
        {"drops": {"a\nb": 1}},
        {"sessions": -1},
        {"boot_id": "me"},
        {"measurements": [{"target_id": "a", "rtt_ms": -1}]},
        {"measurements": [{"target_id": "a", "rtt_ms": 1.0}] * 257},
        {"extra": 1},
    ):
        assert (await relay.try_beat(**wild)).code == "invalid_body"
