"""Stripe Checkout: sessions made through its API, events signed as its documents say."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from plg_server.config import load_config
from plg_server.providers.http_calls import provider_http
from plg_server.providers.stripe_checkout import StripeCheckout
from plg_server.services.payment_facts import FactKind, Notice, NoticeRefused, Order, ProviderUnavailable
from support.billing_world import MovingClock
from support.payment_signers import STRIPE, FakePaymentApis, stripe_event, stripe_headers

NOW = MovingClock()()
ORDER = Order("PLG-ABCDEFGH", 77, "monthly", 599, "USD", NOW + timedelta(hours=24))
PAID = {
    "payment_intent": "pi_1",
    "payment_status": "paid",
    "client_reference_id": "PLG-ABCDEFGH",
    "amount_total": 599,
    "currency": "usd",
}


@pytest.fixture
async def apis() -> AsyncIterator[tuple[FakePaymentApis, StripeCheckout]]:
    fake = FakePaymentApis()
    async with TestServer(fake.app()) as server, provider_http() as http:
        settings = {"billing": "on", **STRIPE, "stripe_api": str(server.make_url("")).rstrip("/")}
        yield fake, StripeCheckout(load_config(None, {}, settings).billing, http)


def notice(body: bytes, **headers: Any) -> Notice:
    signed = {**stripe_headers(body, headers.pop("at", NOW), **headers)}
    return Notice(body, {name.lower(): value for name, value in signed.items()})


async def test_a_session_is_made_for_the_exact_amount(apis: tuple[FakePaymentApis, StripeCheckout]) -> None:
    fake, client = apis
    assert await client.link(ORDER) == "https://pay.example.org/1"
    (asked,) = fake.made
    assert (asked["client_reference_id"], asked["key"]) == (ORDER.code, ORDER.code)
    assert asked["line_items[0][price_data][unit_amount]"] == "599"
    assert asked["line_items[0][price_data][currency]"] == "usd"
    assert int(asked["expires_at"]) <= NOW.timestamp() + 86_400


async def test_a_page_that_is_not_https_is_not_handed_out(apis: tuple[FakePaymentApis, StripeCheckout]) -> None:
    fake, client = apis
    fake.url = "javascript:alert(1)"
    with pytest.raises(ProviderUnavailable):
        await client.link(ORDER)


@pytest.mark.parametrize(
    ("kind", "fields", "fact_kind", "refunded"),
    [
        ("checkout.session.completed", {}, FactKind.PAID, None),
        ("checkout.session.async_payment_succeeded", {}, FactKind.PAID, None),
        ("charge.refunded", {"amount": 599, "amount_refunded": 100}, FactKind.REFUNDED, 100),
        ("charge.dispute.created", {"amount": 599}, FactKind.CHARGED_BACK, None),
    ],
)
async def test_events_become_facts_about_one_payment(
    apis: tuple[FakePaymentApis, StripeCheckout],
    kind: str,
    fields: dict[str, Any],
    fact_kind: FactKind,
    refunded: int | None,
) -> None:
    (fact,) = apis[1].read_notice(notice(stripe_event(kind, NOW, **{**PAID, **fields})), NOW).facts
    assert (fact.external_id, fact.kind, fact.amount_minor, fact.refunded_minor) == ("pi_1", fact_kind, 599, refunded)
    assert (fact.currency, fact.code) == ("USD", ORDER.code)


async def test_other_events_and_unpaid_sessions_change_nothing(apis: tuple[FakePaymentApis, StripeCheckout]) -> None:
    unpaid = stripe_event("checkout.session.completed", NOW, **{**PAID, "payment_status": "unpaid"})
    for body in (stripe_event("customer.created", NOW, name="x"), unpaid):
        assert apis[1].read_notice(notice(body), NOW).facts == ()


async def test_forged_old_and_broken_notices_are_refused(apis: tuple[FakePaymentApis, StripeCheckout]) -> None:
    body = stripe_event("checkout.session.completed", NOW, **PAID)
    good = notice(body).headers["stripe-signature"]
    bad = [
        notice(body, secret="whsec_2"),
        notice(body, at=NOW - timedelta(seconds=301)),
        notice(body, at=NOW + timedelta(seconds=302)),
        Notice(body.replace(b"599", b"1"), {"stripe-signature": good}),
        Notice(body, {}),
        Notice(body, {"stripe-signature": "t=1,t=2,v1=0"}),
        Notice(body, {"stripe-signature": "t=é,v1=\udcff"}),
        Notice(body, {"stripe-signature": good.replace("v1=", "v1=\udcff")}),
        notice(b"{"),
        notice(b"[" * 30_000),
        notice(stripe_event("charge.refunded", NOW, amount=599)),
        notice(stripe_event("charge.refunded", NOW, payment_intent="pi_1", amount=-1)),
        notice(stripe_event("charge.refunded", NOW, payment_intent="pi_1", amount="599")),
    ]
    for one in bad:
        with pytest.raises(NoticeRefused):
            apis[1].read_notice(one, NOW)
