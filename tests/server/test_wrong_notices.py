"""What payment providers never said, said for too little, in other money, twice, late, or while the clock went backwards."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from plg_server import app_keys
from plg_server.models.payments import Payment
from support.money_story import MoneyStory, money_story
from support.payment_signers import cryptomus_notice, robokassa_notice, stripe_event, stripe_headers

REFUSED = (403, "notice_refused")


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[MoneyStory]:
    """What the database does about it is shown on both engines by the ledger's own tests."""
    async with money_story(tmp_path, {}) as story:
        yield story


def stripe_paid(checkout: Any, **changes: Any) -> dict[str, Any]:
    return {
        "payment_intent": f"pi_{checkout['code']}",
        "payment_status": "paid",
        "client_reference_id": checkout["code"],
        "amount_total": 599,
        "currency": "usd",
        **changes,
    }


async def waiting(story: MoneyStory) -> dict[str, str]:
    """The payments that nobody was credited for, and why."""
    with story.api.app[app_keys.DATABASE].active():
        return {row.provider: row.reason for row in await Payment.filter(state="unmatched")}


async def stored(story: MoneyStory) -> int:
    with story.api.app[app_keys.DATABASE].active():
        return await Payment.all().count()


async def test_forged_notices_are_refused_and_leave_nothing(story: MoneyStory) -> None:
    access = await story.somebody()
    robokassa = await story.checkout(access, "robokassa")
    stripe = await story.checkout(access, "stripe")
    cryptomus = await story.checkout(access, "cryptomus")
    now = story.clock()
    event = stripe_event("checkout.session.completed", now, **stripe_paid(stripe))
    notice = cryptomus_notice(order_id=cryptomus["code"])
    good = robokassa_notice(robokassa["link"])
    nudge = hmac.new(b"not the secret", b"{}", hashlib.sha256).hexdigest()

    replies = [
        await story.tell("robokassa", robokassa_notice(robokassa["link"], password="first")),
        await story.tell("robokassa", good.replace(b"OutSum=", b"OutSum=9")),
        await story.tell("robokassa", good + b"&Shp_extra=1"),
        await story.tell("robokassa", good + b"&OutSum=0.01"),
        await story.tell("stripe", event),
        await story.tell("stripe", event, stripe_headers(event, now, secret="whsec_2")),
        await story.tell("stripe", event.replace(b"599", b"999"), stripe_headers(event, now)),
        await story.tell("stripe", event, {"Stripe-Signature": f"t={int(now.timestamp())},v1="}),
        await story.tell("cryptomus", cryptomus_notice("another-key", order_id=cryptomus["code"])),
        await story.tell("cryptomus", notice.replace(b'"5.99000000"', b'"9.99000000"')),
        await story.tell("cryptomus", notice.replace(cryptomus["code"].encode(), robokassa["code"].encode())),
        await story.tell("donatepay", b"{}", {"X-DonatePay-Signature": nudge}),
    ]

    assert [(reply.status, reply.code) for reply in replies] == [REFUSED] * len(replies)
    assert len({reply.json["detail"] for reply in replies}) == 1
    assert await stored(story) == 0
    assert (await story.plan(access))["state"] == "none"
    metrics = (await story.api.get("/metrics")).text
    assert f'plg_server_refused_total{{code="notice_refused"}} {len(replies)}.0' in metrics


async def test_too_little_and_other_money_waits_for_the_operator(story: MoneyStory) -> None:
    access = await story.somebody()
    robokassa = await story.checkout(access, "robokassa")
    stripe = await story.checkout(access, "stripe")
    cryptomus = await story.checkout(access, "cryptomus")
    donatepay = await story.checkout(access, "donatepay")

    answers = [
        await story.tell("robokassa", robokassa_notice(robokassa["link"], amount="0.01")),
        await story.tell_stripe("checkout.session.completed", **stripe_paid(stripe, currency="jpy")),
        await story.tell("cryptomus", cryptomus_notice(order_id=cryptomus["code"], currency="IDR")),
    ]
    story.clock.forward(seconds=31)
    story.donations.give("1.00", donatepay["code"])

    assert {reply.status for reply in answers} == {200}  # it was said truly, and need not be said again
    await story.until_paid(lambda: stored(story), 4)
    assert await waiting(story) == {
        "robokassa": "short",
        "stripe": "wrong_currency",
        "cryptomus": "wrong_currency",
        "donatepay": "short",
    }
    assert (await story.plan(access))["state"] == "none"


async def test_what_is_said_again_after_the_money_went_back_gives_nothing(story: MoneyStory) -> None:
    access = await story.somebody()
    cryptomus = await story.checkout(access, "cryptomus")
    paid = cryptomus_notice(order_id=cryptomus["code"])
    assert (await story.tell("cryptomus", paid)).status == 200
    assert await story.days_left(access) == 30
    await story.tell("cryptomus", cryptomus_notice(order_id=cryptomus["code"], status="refund_paid"))

    assert (await story.tell("cryptomus", paid)).status == 200

    assert (await story.plan(access))["state"] == "none"
    assert await stored(story) == 1


async def test_a_notice_kept_and_sent_later_is_refused_where_it_has_a_time(story: MoneyStory) -> None:
    access = await story.somebody()
    stripe = await story.checkout(access, "stripe")
    event = stripe_event("checkout.session.completed", story.clock(), **stripe_paid(stripe))
    headers = stripe_headers(event, story.clock())

    story.clock.forward(minutes=6)
    late = await story.tell("stripe", event, headers)
    story.clock.forward(minutes=-12)
    early = await story.tell("stripe", event, headers)
    story.clock.forward(minutes=6)
    good = await story.tell("stripe", event, headers)

    assert (late.status, late.code) == (early.status, early.code) == REFUSED
    assert good.status == 200
    assert await story.days_left(access) == 30


async def test_a_clock_that_goes_backwards_loses_no_payment_and_gives_no_days_twice(story: MoneyStory) -> None:
    access = await story.somebody()
    trial = await story.call("POST", "/v1/subscription/trial", access)
    story.clock.forward(hours=-48)
    checkout = await story.pay(access, "robokassa")
    assert await story.days_left(access) >= 30
    story.clock.forward(hours=48)
    for _again in range(2):
        assert (await story.tell("robokassa", robokassa_notice(checkout["link"]))).status == 200
    # By the clock two days have gone by since it was paid; the trial follows what was paid.
    assert await story.days_left(access) == trial["days_left"] + 30 - 2
    assert await story.payments(access) == 1
