"""Who is told that their plan ends: the right people, once for each end."""

import asyncio
from datetime import datetime, timedelta

import pytest

from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.billing import Cancellation
from plg_server.models.mail import OutboxMail
from plg_server.models.payments import Payment
from plg_server.services import reminders
from plg_server.services.entitlement import Days, give
from plg_server.services.reminders import endings, is_wanted, remind
from support.operator_rows import account_row

DAY = timedelta(days=1)


async def ending(email: str, now: datetime, after: timedelta, **columns: object) -> Account:
    """An account with a confirmed address whose plan ends then."""
    given = {"plan_name": "monthly", "plan_expires_at": now + after, "email_verified_at": now, **columns}
    return await account_row(email, now, **given)


async def paid_row(account: Account, now: datetime) -> Payment:
    """A payment of theirs that was credited."""
    return await Payment.create(
        id=new_id(), provider="robokassa", external_id=new_id(), account=account, state="credited",
        currency="RUB", amount_minor=100, paid_at=now, seen_at=now,
    )  # fmt: skip


async def test_who_ends_within_three_days_is_found_page_by_page_and_nobody_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "PAGE", 2)
    now = utc_now()
    with database.active():
        same_end = [await ending(f"{n}@example.org", now, 2 * DAY) for n in range(5)]
        sooner = await ending("sooner@example.org", now, DAY)
        await ending("over@example.org", now, -DAY)
        await ending("later@example.org", now, 4 * DAY)
        await ending("banned@example.org", now, DAY, banned_at=now)
        await account_row("endless@example.org", now, plan_name="monthly")
        found = [account.id async for account in endings(now)]
    assert found == [sooner.id, *sorted(account.id for account in same_end)]


async def test_one_end_is_told_once_however_many_replicas_tell_it_at_once(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await ending("player@example.org", now, 2 * DAY, language="ru")
        told = await asyncio.gather(*(remind(account, now) for _ in range(6)))
        assert sum(told) == 1
        assert [one async for one in endings(now)] == []
        mail = await OutboxMail.get()
    assert (mail.kind, mail.address, mail.language) == ("plan_reminder", "player@example.org", "ru")
    assert (now + 2 * DAY).date().isoformat() in mail.facts
    assert '"days_left":"2"' in mail.facts


async def test_another_end_is_told_again(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await ending("player@example.org", now, 2 * DAY)
        assert await remind(account, now)
        await Account.filter(id=account.id).update(plan_expires_at=now + 32 * DAY)
        assert [one async for one in endings(now)] == []
        a_month_later = [one async for one in endings(now + 30 * DAY)]
        assert await remind(a_month_later[0], now + 30 * DAY)
        assert await OutboxMail.all().count() == 2


async def test_a_reminder_whose_e_mail_cannot_be_left_was_not_made(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_anything: object) -> None:
        raise ConnectionResetError("the database went away")

    now = utc_now()
    with database.active():
        account = await ending("player@example.org", now, 2 * DAY)
        monkeypatch.setattr("plg_server.services.outbox.put", dies)
        with pytest.raises(ConnectionResetError):
            await remind(account, now)
        assert [one.id async for one in endings(now)] == [account.id]


async def test_who_cancelled_is_left_in_peace(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await ending("player@example.org", now, 2 * DAY)
        assert await is_wanted(account, now)
        await Cancellation.create(id=new_id(), account=account, cancelled_at=now)
        assert not await is_wanted(account, now)


async def test_an_address_that_nobody_confirmed_gets_none_unless_somebody_paid_with_it(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await ending("stranger@example.org", now, 2 * DAY, email_verified_at=None)
        assert not await is_wanted(account, now)
        await paid_row(account, now)
        assert await is_wanted(account, now)


async def test_days_that_were_few_from_the_start_need_no_reminder_but_the_end_of_a_month_does(
    database: Database,
) -> None:
    now = utc_now()
    with database.active():
        guest = await account_row("guest@example.org", now, email_verified_at=now)
        await give(guest.id, Days("monthly", 2, 2, "gift", "a"), now)
        guest = await Account.get(id=guest.id)
        assert not await is_wanted(guest, now)
        member = await account_row("member@example.org", now, email_verified_at=now)
        await give(member.id, Days("monthly", 2, 30, "gift", "b"), now - 29 * DAY)
        await give(member.id, Days("monthly", 2, 1, "gift", "c"), now)
        member = await Account.get(id=member.id)
        assert await is_wanted(member, now)
