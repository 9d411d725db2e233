"""Receipts: of every credited payment one with a number that stays, and for nobody but its payer."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.mail import OutboxMail
from plg_server.models.payments import Checkout, Payment
from plg_server.services.entitlement import Days, give
from plg_server.services.ledger import Outcome, settle
from plg_server.services.payment_facts import FactKind, PaymentFact
from plg_server.services.payment_queue import match
from plg_server.services.receipts import receipt_number
from support.api_driver import StartServer
from support.operator_rows import account_row
from support.operator_world import OperatorWorld, operator_world


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> OperatorWorld:
    return await operator_world(start_server, backend, billing_seller="ООО Пинг")


async def test_a_receipt_says_what_was_paid_to_whom_and_stays_the_same_after_a_refund(world: OperatorWorld) -> None:
    _account_id, access = await world.buyer("tx-1")
    (payment,) = (await world.ask("GET", "/v1/payments", access))["payments"]
    url = f"/v1/payments/{payment['id']}/receipt"
    receipt = await world.ask("GET", url, access)
    assert receipt["number"] == f"{payment['paid_at'][:10].replace('-', '')}-{payment['id'].upper()}"
    told = ("seller", "plan", "days", "currency", "amount", "refunded", "state", "provider_number", "discount_percent")
    assert [receipt[name] for name in told] == [
        "ООО Пинг",
        "monthly",
        30,
        "RUB",
        "499.00",
        "0.00",
        "credited",
        "tx-1",
        0,
    ]
    await world.ask("POST", f"/v1/admin/payments/{payment['id']}/refunded", world.admin, {})
    after = await world.ask("GET", url, access)
    assert (after["number"], after["state"], after["refunded"]) == (receipt["number"], "refunded", "499.00")


async def test_somebody_elses_payment_and_one_that_was_never_credited_are_not_found(world: OperatorWorld) -> None:
    _account_id, access = await world.buyer("1", amount_minor=1)
    (payment,) = (await world.ask("GET", "/v1/payments", access))["payments"]
    url = f"/v1/payments/{payment['id']}/receipt"
    assert (await world.ask("GET", url, access, status=404))["code"] == "not_found"
    _other, owner = await world.buyer("2")
    (theirs,) = (await world.ask("GET", "/v1/payments", owner))["payments"]
    for token in (access, world.admin):
        await world.ask("GET", f"/v1/payments/{theirs['id']}/receipt", token, status=404)
    await world.ask("GET", "/v1/payments/nonsense/receipt", access, status=404)


async def test_the_history_lists_days_in_their_place_in_time(world: OperatorWorld) -> None:
    _account_id, access = await world.player()
    await world.ask("POST", "/v1/subscription/trial", access)
    await world.pay(access, "1")
    newest, oldest = (await world.ask("GET", "/v1/subscription/history", access))["grants"]
    assert (oldest["source"], newest["source"], newest["starts_at"]) == ("trial", "payment", oldest["ends_at"])


def test_a_number_is_the_day_and_the_payment() -> None:
    moment = utc_now().replace(year=2026, month=1, day=31)
    assert receipt_number("0123456789abcdef", moment) == "20260131-0123456789ABCDEF"
    assert receipt_number("a", moment) != receipt_number("b", moment + timedelta(days=1))


async def checkout_of(account: Account, now: datetime) -> Checkout:
    """A month for 5.99 USD that waits to be paid."""
    return await Checkout.create(
        id=new_id(), account=account, provider="robokassa", code=f"PLG-{new_id()[:8]}", number=7, plan_name="monthly",
        days=30, max_sessions=2, currency="USD", amount_minor=599, created_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip


def paid_fact(now: datetime, *, number: int = 7, amount_minor: int = 599) -> PaymentFact:
    """The provider says that the checkout of this number was paid."""
    return PaymentFact(
        provider="robokassa", external_id="1", kind=FactKind.PAID, amount_minor=amount_minor, currency="USD", at=now,
        number=number,
    )  # fmt: skip


async def receipts_left() -> list[OutboxMail]:
    """What waits in the outbox, which nobody empties here."""
    return await OutboxMail.filter(kind="receipt")


async def test_a_payment_is_receipted_by_e_mail_once_however_often_and_at_once_it_is_told(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await account_row("player@example.org", now, language="ru", email_verified_at=now)
        await checkout_of(account, now)
        outcomes = await asyncio.gather(*(settle(paid_fact(now, amount_minor=700), now) for _ in range(6)))
        assert sorted(outcomes) == sorted([Outcome.CREDITED] + [Outcome.SEEN] * 5)
        (mail,) = await receipts_left()
        payment = await Payment.get()
        await settle(replace(paid_fact(now), kind=FactKind.REFUNDED), now)
        await settle(paid_fact(now), now)
        assert len(await receipts_left()) == 1
    assert (mail.account_id, mail.address, mail.language) == (account.id, "player@example.org", "ru")
    assert msgspec.json.decode(mail.facts) == {
        "plan": "monthly",
        "amount": "7.00",
        "currency": "USD",
        "paid_on": now.date().isoformat(),
        "reference": receipt_number(payment.id, now),
        "ends_on": (now + timedelta(days=30)).date().isoformat(),
    }


async def test_an_operator_s_match_is_receipted_once_and_what_waits_for_it_is_not(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await account_row("player@example.org", now, email_verified_at=now)
        checkout = await checkout_of(account, now)
        assert await settle(paid_fact(now, number=8), now) is Outcome.UNMATCHED
        assert await receipts_left() == []
        payment = await Payment.get()
        tries = await asyncio.gather(*(match(payment.id, checkout.id, now) for _ in range(4)), return_exceptions=True)
        assert tries.count(None) == 1
        (mail,) = await receipts_left()
    assert (mail.address, receipt_number(payment.id, now) in mail.facts) == ("player@example.org", True)


async def test_no_receipt_goes_to_an_address_that_nobody_confirmed_or_for_days_that_nobody_paid(
    database: Database,
) -> None:
    now = utc_now()
    with database.active():
        stranger = await account_row("stranger@example.org", now)
        await checkout_of(stranger, now)
        assert await settle(paid_fact(now), now) is Outcome.CREDITED
        guest = await account_row("guest@example.org", now, email_verified_at=now)
        await give(guest.id, Days("monthly", 2, 10, "gift", "a"), now)
        assert await OutboxMail.exists() is False


async def test_a_plan_without_an_end_has_none_in_its_receipt_either(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await account_row("guest@example.org", now, email_verified_at=now, plan_name="lifelong")
        await checkout_of(account, now)
        await settle(paid_fact(now), now)
        (mail,) = await receipts_left()
    assert msgspec.json.decode(mail.facts)["ends_on"] == ""


async def test_days_that_cannot_be_given_leave_no_receipt(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(*_anything: object) -> None:
        raise ConnectionResetError("the database went away")

    now = utc_now()
    with database.active():
        account = await account_row("player@example.org", now, email_verified_at=now)
        await checkout_of(account, now)
        with monkeypatch.context() as patch:
            patch.setattr("plg_server.services.ledger.mail_receipt", dies)
            with pytest.raises(ConnectionResetError):
                await settle(paid_fact(now), now)
        assert (await Payment.exists(), await OutboxMail.exists()) == (False, False)
        assert await settle(paid_fact(now), now) is Outcome.CREDITED
        assert len(await receipts_left()) == 1
