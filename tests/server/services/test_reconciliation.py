"""Differences between money, days and accounts: each is found, named and left as it is."""

from datetime import timedelta
from typing import Any

import pytest

from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.payments import Checkout, Payment, ProviderPoll
from plg_server.services import reconciliation
from plg_server.services.entitlement import Days, give
from plg_server.services.reconciliation import Difference, findings
from support.operator_rows import account_row

HOUR = timedelta(hours=1)
NOW = utc_now()
LONG_AGO = NOW - 48 * HOUR


async def found(after: timedelta = timedelta()) -> set[tuple[Difference, str]]:
    """What does not agree, as kind and subject."""
    return {(one.what, one.subject) async for one in findings(NOW + after)}


async def payment_row(account: Account | None, state: str, **columns: object) -> Payment:
    """A payment in this state."""
    given: dict[str, Any] = {"paid_at": LONG_AGO, "seen_at": LONG_AGO, "external_id": new_id(), **columns}
    return await Payment.create(
        id=new_id(), provider="robokassa", account=account, state=state, currency="RUB", amount_minor=100, **given
    )


async def checkout_row(account: Account, number: int) -> Checkout:
    """A checkout that counts as paid."""
    return await Checkout.create(
        id=new_id(), account=account, provider="robokassa", code=f"PLG-{number:08}", number=number, plan_name="monthly",
        days=30, max_sessions=2, currency="RUB", amount_minor=100, state="paid", created_at=LONG_AGO,
        expires_at=NOW, paid_at=LONG_AGO,
    )  # fmt: skip


async def test_books_that_agree_say_nothing_also_after_deletions_and_operators_decisions(database: Database) -> None:
    with database.active():
        account = await account_row("player@example.org", LONG_AGO)
        checkout = await checkout_row(account, 1)
        payment = await payment_row(account, "credited", checkout=checkout)
        await give(account.id, Days("monthly", 2, 30, "payment", payment.id), LONG_AGO)
        await payment_row(None, "credited")  # its account was deleted
        await payment_row(account, "dismissed")
        await payment_row(account, "unmatched", seen_at=NOW - HOUR)  # not for long
        refunded = await payment_row(account, "refunded")
        taken = await give(account.id, Days("monthly", 2, 30, "payment", refunded.id), LONG_AGO)
        await SubscriptionGrant.filter(id=taken.id).update(revoked_at=LONG_AGO)
        kept = await payment_row(account, "credited")
        by_hand = await give(account.id, Days("monthly", 2, 30, "payment", kept.id), LONG_AGO)
        await SubscriptionGrant.filter(id=by_hand.id).update(revoked_at=LONG_AGO)
        await Account.filter(id=account.id).update(plan_expires_at=LONG_AGO + timedelta(days=30))
        await account_row("endless@example.org", LONG_AGO, plan_name="team")
        await ProviderPoll.create(id="donatepay", not_before=NOW, due_at=NOW)
        assert await found() == set()


async def test_each_difference_is_found_and_nothing_is_changed(database: Database) -> None:
    with database.active():
        account = await account_row("player@example.org", LONG_AGO)
        waits = await payment_row(account, "unmatched")
        without_days = await payment_row(account, "credited")
        refunded = await payment_row(account, "charged_back")
        await give(account.id, Days("monthly", 2, 30, "payment", refunded.id), LONG_AGO)
        lost = await give(account.id, Days("monthly", 2, 30, "payment", "no such payment"), LONG_AGO)
        checkout = await checkout_row(account, 1)
        await Account.filter(id=account.id).update(plan_expires_at=NOW)
        await ProviderPoll.create(id="donatepay", not_before=LONG_AGO, due_at=LONG_AGO)
        expected = {
            (Difference.PAYMENT_WAITS, waits.id),
            (Difference.PAYMENT_WITHOUT_DAYS, without_days.id),
            (Difference.DAYS_AFTER_REFUND, refunded.id),
            (Difference.DAYS_WITHOUT_PAYMENT, lost.id),
            (Difference.CHECKOUT_WITHOUT_PAYMENT, checkout.id),
            (Difference.WRONG_END, account.id),
            (Difference.POLL_HANGS, "donatepay"),
        }
        assert await found() == expected
        assert await found() == expected
        assert {what for what, _subject in expected} == set(Difference)


async def test_what_is_a_moment_old_may_still_be_on_its_way(database: Database) -> None:
    with database.active():
        account = await account_row("player@example.org", NOW)
        payment = await payment_row(account, "credited", seen_at=NOW)
        await SubscriptionGrant.create(
            id=new_id(), account=account, plan_name="monthly", max_sessions=2, source="payment", reference="x",
            days=30, granted_at=NOW,
        )  # fmt: skip
        assert await found() == set()
        later = await found(HOUR)
    assert (Difference.PAYMENT_WITHOUT_DAYS, payment.id) in later
    assert len(later) == 3


async def test_more_rows_than_a_page_are_all_compared(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "PAGE", 2)
    with database.active():
        account = await account_row("player@example.org", LONG_AGO)
        waiting = [await payment_row(account, "unmatched") for _ in range(5)]
        assert await found() == {(Difference.PAYMENT_WAITS, row.id) for row in waiting}
