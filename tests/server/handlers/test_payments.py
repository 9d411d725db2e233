"""/v1/payments over HTTP: paying by each provider, and what is no notice."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from plg_server import app_keys
from plg_server.models.payments import Checkout, Payment, ProviderPoll
from support.api_driver import Reply, StartServer
from support.billing_world import DONATEPAY, BillingWorld, begun, billing_world
from support.member_relay import enrolled_relay
from support.payment_signers import (
    CRYPTOMUS,
    ROBOKASSA,
    STRIPE,
    FakePaymentApis,
    cryptomus_notice,
    robokassa_notice,
    stripe_event,
    stripe_headers,
)

ALL = {**DONATEPAY, **ROBOKASSA, **STRIPE, **CRYPTOMUS}


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> AsyncIterator[BillingWorld]:
    async with TestServer(FakePaymentApis().app()) as server:
        url = str(server.make_url("")).rstrip("/")
        yield await billing_world(start_server, backend, **ALL, stripe_api=url, cryptomus_api=url)


async def tell(world: BillingWorld, provider: str, body: bytes, headers: dict[str, str] | None = None) -> Reply:
    return await world.api.post(f"/v1/payments/notices/{provider}", data=body, headers=headers or {})


async def tell_stripe(world: BillingWorld, kind: str, **fields: Any) -> Reply:
    body = stripe_event(kind, world.clock(), **fields)
    return await tell(world, "stripe", body, stripe_headers(body, world.clock()))


async def test_the_whole_story_from_the_trial_to_the_chargeback(world: BillingWorld) -> None:
    relay = await enrolled_relay(world.api)
    access = await world.player()
    offered = (await world.api.get("/v1/plans")).json
    assert [one["name"] for one in offered["providers"]] == ["donatepay", "robokassa", "stripe", "cryptomus"]
    await world.api.post("/v1/subscription/trial", token=access)

    robokassa = await begun(world, access, provider="robokassa")
    for _twice in range(2):
        told = await tell(world, "robokassa", robokassa_notice(robokassa["link"]))
        assert (told.status, told.text) == (200, f"OK{await number_of(world, robokassa)}")
    stripe = await begun(world, access, "quarterly", "stripe", currency="EUR")
    session = {"payment_intent": "pi_1", "payment_status": "paid", "client_reference_id": stripe["code"]}
    assert (
        await tell_stripe(world, "checkout.session.completed", **session, amount_total=1497, currency="eur")
    ).status == 200
    cryptomus = await begun(world, access, provider="cryptomus")
    notice = cryptomus_notice(order_id=cryptomus["code"])
    told_together = await asyncio.gather(*(tell(world, "cryptomus", notice) for _ in range(8)))
    assert {reply.status for reply in told_together} == {200}
    assert (await world.subscription(access))["days_left"] == 7 + 30 + 90 + 30

    assert (
        await tell_stripe(world, "charge.dispute.created", payment_intent="pi_1", amount=1497, currency="eur")
    ).status == 200
    await tell(world, "cryptomus", cryptomus_notice(order_id=cryptomus["code"], status="refund_paid"))
    shown = await world.subscription(access)
    assert (shown["days_left"], shown["state"]) == (7 + 30, "active")
    assert sorted(one["state"] for one in shown["payments"]) == ["charged_back", "credited", "refunded"]

    assert (await world.api.post("/v1/subscription/cancel", token=access)).json["state"] == "cancelled"
    assert (await world.api.post("/v1/sessions", {"game": "cs2"}, access)).status == 201
    world.clock.forward(days=37, seconds=1)
    await relay.beat()
    assert (await world.subscription(access))["state"] == "expired"
    assert (await world.api.post("/v1/sessions", {"game": "cs2"}, access)).status == 403


async def number_of(world: BillingWorld, checkout: Any) -> int:
    with world.api.app[app_keys.DATABASE].active():
        return int((await Checkout.get(id=checkout["id"])).number)


async def test_what_is_no_notice_is_refused_and_counted_and_leaves_nothing(world: BillingWorld) -> None:
    replies = [
        await tell(world, "cash", b"{}"),
        await tell(world, "Robokassa", b"{}"),
        await tell(world, "stripe", b"{}", {"Stripe-Signature": "t=1,v1=00"}),
        await tell(world, "robokassa", b"OutSum=1&InvId=1&SignatureValue=0"),
        await tell(world, "cryptomus", b'{"sign": "0"}'),
        await tell(world, "donatepay", b"{}", {"X-DonatePay-Signature": "0"}),
        await tell(world, "stripe", b"x", {"Content-Encoding": "gzip"}),
        await tell(world, "stripe", b"x" * 70_000),
    ]
    assert [(reply.status, reply.code) for reply in replies] == [
        (404, "provider_not_found"),
        (404, "provider_not_found"),
        (403, "notice_refused"),
        (403, "notice_refused"),
        (403, "notice_refused"),
        (403, "notice_refused"),
        (400, "malformed_request"),
        (413, "body_too_large"),
    ]
    assert 'plg_server_refused_total{code="notice_refused"} 4.0' in (await world.api.get("/metrics")).text
    with world.api.app[app_keys.DATABASE].active():
        assert await Payment.all().count() == 0


async def test_a_good_notice_of_donatepay_makes_the_list_due_and_credits_nothing(world: BillingWorld) -> None:
    with world.api.app[app_keys.DATABASE].active():
        # The server's own rounds have had their turn, and have none for a while.
        later = world.clock() + timedelta(minutes=5)
        await ProviderPoll.get_or_create(id="donatepay", defaults={"not_before": later, "due_at": later})
        await ProviderPoll.all().update(not_before=later, due_at=later)
    signature = hmac.new(b"a secret of ours", b"{}", hashlib.sha256).hexdigest()
    assert (await tell(world, "donatepay", b"{}", {"X-DonatePay-Signature": signature})).status == 200
    with world.api.app[app_keys.DATABASE].active():
        row = await ProviderPoll.get()
        assert row.due_at <= world.clock()
        assert row.not_before == later
        assert await Payment.all().count() == 0


async def test_a_notice_while_the_database_is_away_is_asked_for_again(
    world: BillingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = await world.player()
    checkout = await begun(world, access, provider="robokassa")
    notice = robokassa_notice(checkout["link"])

    async def away(*_anything: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr("plg_server.handlers.payments.settle", away)
        assert (await tell(world, "robokassa", notice)).status in (500, 503)
    assert (await tell(world, "robokassa", notice)).status == 200
    assert (await world.subscription(access))["days_left"] == 30
