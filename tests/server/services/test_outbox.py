"""E-mails that wait, on both engines."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.transactions import in_transaction

from plg_server.config import load_config
from plg_server.database import Database, open_database
from plg_server.ids import new_id
from plg_server.models.accounts import Account
from plg_server.models.mail import OutboxMail
from plg_server.schema_migration import migrate
from plg_server.services import outbox
from plg_server.services.mail_kinds import MailKind

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
FACTS = {"at": "2026-03-04 05:06 UTC"}


@pytest.fixture
async def database(tmp_path: Path, backend: dict[str, Any]) -> AsyncIterator[Database]:
    """An empty database on each engine, active."""
    config = load_config(None, {}, {"data_dir": str(tmp_path), **backend})
    await migrate(config)
    opened = await open_database(config)
    with opened.active():
        yield opened
    await opened.close()


async def an_account(language: str = "ru") -> Account:
    """Somebody."""
    return await Account.create(
        id=new_id(), email="ann@example.org", display_name="Ann", password_hash="x", created_at=NOW, language=language
    )


async def put(now: datetime = NOW, to: Account | str = "ann@example.org") -> str:
    """One that waits."""
    return await outbox.put(MailKind.PASSWORD_CHANGED, to, "", FACTS, now)


async def the_row() -> OutboxMail:
    """The only one."""
    return await OutboxMail.get()


@pytest.mark.usefixtures("database")
class TestOutbox:
    async def test_an_email_takes_address_and_language_from_its_account(self) -> None:
        account = await an_account("ru")
        await put(to=account)
        row = await the_row()
        assert (row.address, row.language, row.account_id, row.state) == (
            "ann@example.org",
            "ru",
            account.id,
            "waiting",
        )

    async def test_an_email_is_gone_when_what_it_tells_of_did_not_happen(self) -> None:
        async def register_in_vain() -> None:
            async with in_transaction():
                await put()
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await register_in_vain()
        assert await outbox.take(NOW) is None

    async def test_facts_must_be_those_of_the_kind_and_bounded(self) -> None:
        with pytest.raises(ValueError, match="needs"):
            await outbox.put(MailKind.RESET, "ann@example.org", "en", FACTS, NOW)
        with pytest.raises(ValueError, match="at most"):
            await outbox.put(MailKind.PASSWORD_CHANGED, "ann@example.org", "en", {"at": "x" * 501}, NOW)
        assert await OutboxMail.all().count() == 0

    async def test_of_many_replicas_that_reach_for_it_one_gets_it(self) -> None:
        await put()
        taken = await asyncio.gather(*(outbox.take(NOW) for _ in range(8)))
        assert sum(mail is not None for mail in taken) == 1

    async def test_several_emails_go_to_several_replicas_each_to_one(self) -> None:
        put_in = {await put(NOW + timedelta(seconds=n)) for n in range(5)}
        taken = await asyncio.gather(*(outbox.take(NOW + timedelta(minutes=1)) for _ in range(8)))
        assert sorted(mail.id for mail in taken if mail is not None) == sorted(put_in)

    async def test_one_that_a_dead_replica_held_comes_back_after_the_lease_and_counts_as_tried(self) -> None:
        await put()
        first = await outbox.take(NOW)
        assert first is not None
        assert await outbox.take(NOW + outbox.LEASE - timedelta(seconds=1)) is None
        again = await outbox.take(NOW + outbox.LEASE)
        assert again is not None
        assert (again.id, again.tries) == (first.id, 2)

    async def test_a_sent_one_is_not_taken_again_and_keeps_no_facts(self) -> None:
        await put()
        mail = await outbox.take(NOW)
        assert mail is not None
        await outbox.mark_sent(mail, NOW)
        row = await the_row()
        assert (row.state, row.facts, row.sent_at) == ("sent", "{}", NOW)
        assert await outbox.take(NOW + timedelta(days=1)) is None

    async def test_a_failed_one_waits_longer_each_time_and_is_given_up_kept_and_counted(self) -> None:
        await put()
        now, pauses = NOW, []
        for number in range(1, outbox.MAX_TRIES + 1):
            mail = await outbox.take(now)
            assert mail is not None
            assert mail.tries == number
            gave_up = await outbox.mark_failed(mail, "451 later", now, for_good=False)
            assert gave_up is (number == outbox.MAX_TRIES)
            pauses.append((await the_row()).due_at - now)
            now = (await the_row()).due_at
        assert pauses[:4] == list(outbox.RETRY_AFTER)
        assert pauses[4] == outbox.RETRY_AFTER[-1]
        (kept,) = await outbox.given_up(10)
        assert (kept.last_error, kept.facts) == ("451 later", "{}")
        assert (await outbox.count("given_up"), await outbox.count("waiting")) == (1, 0)

    async def test_one_that_cannot_succeed_is_given_up_at_once(self) -> None:
        await put()
        mail = await outbox.take(NOW)
        assert mail is not None
        assert await outbox.mark_failed(mail, "550 " + "x" * 500, NOW, for_good=True)
        assert len((await the_row()).last_error) == 200

    async def test_an_account_takes_its_emails_with_it(self) -> None:
        account = await an_account()
        await put(to=account)
        await put(to="elsewhere@example.org")
        await account.delete()
        assert [row.address for row in await OutboxMail.all()] == ["elsewhere@example.org"]

    async def test_what_ended_long_ago_is_deleted_and_what_waits_stays(self) -> None:
        for outcome in ("sent", "given up", "stale", "waiting"):
            await put()
            mail = await outbox.take(NOW)
            assert mail is not None
            if outcome == "sent":
                await outbox.mark_sent(mail, NOW)
            elif outcome == "stale":
                await outbox.mark_stale(mail, NOW)
            elif outcome == "given up":
                await outbox.mark_failed(mail, "no", NOW, for_good=True)
        assert await outbox.clean(NOW + outbox.KEEP_SENT + timedelta(days=1)) == 2
        assert sorted(row.state for row in await OutboxMail.all()) == ["given_up", "waiting"]
        assert await outbox.clean(NOW + outbox.KEEP_GIVEN_UP + timedelta(days=1)) == 1

    async def test_a_clock_that_was_set_back_puts_no_email_off_for_long(self) -> None:
        await put(NOW + timedelta(days=300))
        assert await outbox.take(NOW) is None
        await outbox.clean(NOW)
        assert await outbox.take(NOW) is not None
