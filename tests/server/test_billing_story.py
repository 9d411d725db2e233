"""From the first e-mail to the last day, through the API alone, on both pairs of backends, with the clock moved."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plg_server import app_keys
from plg_server.jobs.reminders import PlanReminders
from support.money_story import MoneyStory, money_story
from support.payment_signers import cryptomus_notice

PROVIDERS = ("donatepay", "robokassa", "stripe", "cryptomus")


@pytest.fixture
async def story(tmp_path: Path, backend: dict[str, object]) -> AsyncIterator[MoneyStory]:
    async with money_story(tmp_path, backend) as story:
        yield story


async def test_from_registering_to_the_last_day(story: MoneyStory, logs: list[dict[str, object]]) -> None:
    await story.api.register("ann@example.org")
    unconfirmed = await story.sign_in("ann@example.org")
    for refused in (await story.play(unconfirmed), await story.api.post("/v1/subscription/trial", token=unconfirmed)):
        assert (refused.status, refused.code) == (403, "email_not_verified")
        assert "plg account verify" in refused.json["detail"]

    access = await story.join("player@example.org")
    assert (await story.plan(access))["state"] == "none"
    refused = await story.play(access)
    assert (refused.status, refused.code) == (403, "subscription_needed")
    assert "plg plan" in refused.json["detail"]

    trial = await story.call("POST", "/v1/subscription/trial", access)
    assert (trial["state"], trial["days_left"], trial["trial_available"]) == ("trial", 7, False)
    session = await story.play(access)
    assert session.status == 201, session.text

    story.clock.forward(days=7, seconds=1)
    # A match is not cut when a plan ends: only what is new is refused.
    renewed = await story.api.post(f"/v1/sessions/{session.json['session_id']}/renew", {}, access)
    assert (renewed.status, renewed.code) == (403, "subscription_needed")
    assert (await story.play(access)).code == "subscription_needed"
    again = await story.api.post("/v1/subscription/trial", token=access)
    assert (again.status, again.code) == (409, "trial_used")

    for number, provider in enumerate(PROVIDERS, 1):
        await story.pay(access, provider)
        assert await story.days_left(access) == 30 * number, provider
    assert (await story.plan(access))["state"] == "active"
    assert (await story.play(access)).status == 201
    ends_at = (await story.account_of(access)).plan_expires_at
    assert ends_at is not None
    receipts = await story.mails("player@example.org", "Receipt ", len(PROVIDERS))
    assert f"Your plan now lasts until {ends_at.date()}." in receipts[-1].text

    support = await story.somebody("support")
    account = await story.account_of(access)
    extended = await story.call(
        "POST",
        f"/v1/admin/subscriptions/{account.id}/extend",
        support,
        {"days": 5, "reason": "the relay was away", "key": "ticket-1"},
    )
    assert extended["after"]["days_left"] == await story.days_left(access) == 125
    audit = (await story.call("GET", "/v1/admin/audit", support))["entries"]
    assert any(account.id in entry["subject"] for entry in audit)

    # The server's own round may come first: the end is told once, whichever it is.
    job = PlanReminders(story.clock)
    story.clock.forward(days=122)
    with story.api.app[app_keys.DATABASE].active():
        await job.tick()
        (reminder,) = await story.mails("player@example.org", "Your plan ends on ", 1)
        assert await job.tick() == {"reminded": 0, "passed_over": 0}
    assert "days left: 3" in reminder.text

    cancelled = await story.call("POST", "/v1/subscription/cancel", access)
    assert (cancelled["state"], cancelled["days_left"]) == ("cancelled", 3)
    assert (await story.play(access)).status == 201

    story.clock.forward(days=3, seconds=1)
    assert (await story.plan(access))["state"] == "expired"
    over = await story.play(access)
    assert (over.status, over.code) == (403, "subscription_needed")
    assert "plg plan" in over.json["detail"]
    listed = (await story.call("GET", "/v1/payments", access))["payments"]
    assert sorted(payment["provider"] for payment in listed) == sorted(PROVIDERS)
    for payment in listed:
        receipt = await story.call("GET", f"/v1/payments/{payment['id']}/receipt", access)
        assert payment["amount"] in str(receipt)
        (mailed,) = [one.text for one in receipts if receipt["number"] in one.message["Subject"]]
        assert f"Amount: {payment['amount']} {payment['currency']}" in mailed.splitlines()
    # By now nothing waits: each payment was told twice, and nothing came twice.
    subjects = [one.message["Subject"] for one in story.mail.to("player@example.org")]
    assert len(subjects) == len(set(subjects)) == 1 + len(PROVIDERS) + 1
    assert [entry for entry in logs if entry["event"] in ("unforeseen", "job_failed")] == []


async def test_money_that_goes_back_takes_its_own_days_and_no_others(story: MoneyStory) -> None:
    access = await story.join("player@example.org")
    admin = await story.somebody("admin")
    for provider in PROVIDERS:
        await story.pay(access, provider)
    gift = await story.call("POST", "/v1/admin/codes", admin, {"kind": "gift", "days": 10}, status=201)
    redeemed = await story.call("POST", "/v1/codes/redeem", access, {"code": gift["codes"][0].lower()})
    assert redeemed["days"] == 10
    assert await story.days_left(access) == 130
    twice = await story.api.post("/v1/codes/redeem", {"code": gift["codes"][0]}, access)
    assert twice.status in (404, 409)

    rows = {row["provider"]: row for row in (await story.call("GET", "/v1/admin/payments", admin))["payments"]}
    disputed = await story.tell_stripe(
        "charge.dispute.created", payment_intent=rows["stripe"]["provider_number"], amount=599, currency="usd"
    )
    assert disputed.status == 200
    assert await story.days_left(access) == 100

    back = cryptomus_notice(uuid=rows["cryptomus"]["provider_number"], order_id="", status="refund_paid")
    for _twice in range(2):
        assert (await story.tell("cryptomus", back)).status == 200
    assert await story.days_left(access) == 70

    url = f"/v1/admin/payments/{rows['robokassa']['id']}/refunded"
    shown = await story.call("POST", url, admin, {"dry_run": True})
    assert shown["dry_run"]
    assert await story.days_left(access) == 70
    await story.call("POST", url, admin, {})
    assert await story.days_left(access) == 40

    states = {row["provider"]: row["state"] for row in (await story.call("GET", "/v1/payments", access))["payments"]}
    assert states == {
        "donatepay": "credited",
        "robokassa": "refunded",
        "stripe": "charged_back",
        "cryptomus": "refunded",
    }
    await story.mails("player@example.org", "Receipt ", len(PROVIDERS))  # for payments, not for gifts
    assert (await story.play(access)).status == 201
