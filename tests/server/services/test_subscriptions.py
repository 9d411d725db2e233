"""Subscriptions: the trial once for each person, states, cancelling, the end."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.services.subscriptions import days_left, person_key
from support.api_driver import StartServer
from support.billing_world import BillingWorld, billing_world
from support.member_relay import enrolled_relay


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> BillingWorld:
    return await billing_world(start_server, backend)


async def test_from_nothing_through_the_trial_to_its_end(world: BillingWorld) -> None:
    relay = await enrolled_relay(world.api)
    access = await world.player()
    refused = await world.api.post("/v1/sessions", {"game": "cs2"}, access)
    assert (refused.status, refused.code) == (403, "subscription_needed")
    assert "plg plan trial" in refused.json["detail"]
    before = await world.subscription(access)
    assert (before["state"], before["trial_available"], before["max_sessions"]) == ("none", True, 0)

    trial = (await world.api.post("/v1/subscription/trial", token=access)).json
    assert (trial["state"], trial["plan"], trial["days_left"], trial["trial_available"]) == ("trial", "trial", 7, False)
    session = await world.api.post("/v1/sessions", {"game": "cs2"}, access)
    assert session.status == 201
    assert (await world.api.get("/v1/me", access)).json["plan"]["name"] == "trial"

    world.clock.forward(days=7, seconds=1)
    await relay.beat()
    assert (await world.subscription(access))["state"] == "expired"
    assert (await world.api.post("/v1/sessions", {"game": "cs2"}, access)).status == 403
    renewed = await world.api.post(f"/v1/sessions/{session.json['session_id']}/renew", token=access)
    assert (renewed.status, renewed.code) == (403, "subscription_needed")
    # The match goes on with the ticket that it has: the session is neither ended nor revoked.
    assert (await world.api.get("/v1/sessions", access)).json["sessions"][0]["state"] == "active"
    again = await world.api.post("/v1/subscription/trial", token=access)
    assert (again.status, again.code) == (409, "trial_used")


@pytest.mark.parametrize("email", ["PLAYER@example.org", "p.lay.er@example.org", "player+two@example.org"])
async def test_a_person_who_writes_the_mailbox_another_way_has_no_second_trial(world: BillingWorld, email: str) -> None:
    await world.api.post("/v1/subscription/trial", token=await world.player())
    if email == "PLAYER@example.org":  # one account for both spellings
        access = (await world.api.login(email))["access_token"]
    else:
        access = await world.player(email)
    assert (await world.api.post("/v1/subscription/trial", token=access)).code == "trial_used"
    assert not (await world.subscription(access))["trial_available"]


async def test_of_many_trials_at_once_one_is_had(world: BillingWorld) -> None:
    tokens = [await world.player(f"pl{dots}ayer@example.org") for dots in ("", ".", "..")]
    replies = await asyncio.gather(*(world.api.post("/v1/subscription/trial", token=t) for t in tokens * 4))
    assert sorted(reply.status for reply in replies) == [200] + [409] * 11


async def test_an_account_that_changed_its_mailbox_has_no_second_trial(world: BillingWorld) -> None:
    access = await world.player()
    await world.api.post("/v1/subscription/trial", token=access)
    with world.api.app[app_keys.DATABASE].active():
        await Account.all().update(email="another@example.net")
    assert (await world.api.post("/v1/subscription/trial", token=access)).code == "trial_used"


async def test_a_cancelled_plan_works_to_its_end(world: BillingWorld) -> None:
    access = await world.player()
    assert (await world.api.post("/v1/subscription/cancel", token=access)).code == "nothing_to_cancel"
    await world.api.post("/v1/subscription/trial", token=access)
    for _twice in range(2):
        cancelled = (await world.api.post("/v1/subscription/cancel", token=access)).json
        assert (cancelled["state"], cancelled["days_left"], cancelled["max_sessions"]) == ("cancelled", 7, 2)
    world.clock.forward(days=8)
    assert (await world.subscription(access))["state"] == "expired"


async def test_a_clock_that_is_set_back_takes_nothing(world: BillingWorld) -> None:
    access = await world.player()
    trial = (await world.api.post("/v1/subscription/trial", token=access)).json
    world.clock.forward(days=-400)
    shown = await world.subscription(access)
    assert (shown["state"], shown["ends_at"]) == ("trial", trial["ends_at"])


async def test_with_billing_off_everybody_plays_and_nothing_is_sold(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    world = await billing_world(start_server, backend, billing="off")
    await enrolled_relay(world.api)
    access = await world.player()
    shown = await world.subscription(access)
    assert (shown["billing"], shown["state"], shown["plan"], shown["ends_at"]) == (
        False,
        "self_hosted",
        "self-hosted",
        None,
    )
    assert (await world.api.post("/v1/sessions", {"game": "cs2"}, access)).status == 201
    for act in ("trial", "cancel"):
        assert (await world.api.post(f"/v1/subscription/{act}", token=access)).code == "billing_off"
    assert (await world.api.get("/v1/plans")).json == {"billing": False, "plans": [], "providers": []}


def test_one_mailbox_has_one_key() -> None:
    same = {person_key(text) for text in ("A.b+x@Gmail.com", "ab@googlemail.com", "AB@gmail.com", "ab+@gmail.com")}
    assert len(same) == 1
    assert len({person_key(text) for text in ("+x@a.org", "+y@a.org", "..@a.org", "a@b.org", "a@c.org")}) == 5


def test_a_day_that_has_begun_is_left() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    left = [days_left(now + timedelta(hours=hours), now) for hours in (-5, 0, 1, 24, 25)]
    assert left == [0, 0, 1, 1, 2]
