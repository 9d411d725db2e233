"""Sending what waits, through a real mail server that fails in every way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from plg_server.config import ServerConfig, load_config
from plg_server.database import Database, open_database
from plg_server.jobs.outbox_sending import FAILURES_IN_A_ROW, OutboxSending
from plg_server.mail_config import smtp_place
from plg_server.metrics import Metrics
from plg_server.models.mail import OutboxMail
from plg_server.providers.smtp import SmtpSender
from plg_server.schema_migration import migrate
from plg_server.services import outbox
from plg_server.services.mail_codes import MailCodes
from plg_server.services.mail_kinds import MailKind
from plg_server.services.password_reset import PasswordReset
from plg_server.services.passwords import Passwords
from support.billing_world import MovingClock
from support.smtp_sink import DROP, TAKE_AND_DROP, SmtpSink, smtp_sink

ANN = "ann@example.org"


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpSink]:
    """Where e-mails arrive."""
    with smtp_sink(tmp_path) as made:
        yield made


@pytest.fixture
async def config(tmp_path: Path, backend: dict[str, Any], sink: SmtpSink) -> AsyncIterator[ServerConfig]:
    """A server's configuration; its database is active."""
    made = load_config(None, {}, {"data_dir": str(tmp_path), **backend, **sink.settings()})
    await migrate(made)
    database: Database = await open_database(made)
    with database.active():
        yield made
    await database.close()


def replica(config: ServerConfig, clock: MovingClock, *, sends: bool = True) -> OutboxSending:
    """The job of one server."""
    passwords = Passwords(1)
    passwords.close()  # nothing is hashed here
    reset = PasswordReset(config, passwords, MailCodes(b"key"), clock)
    sender = SmtpSender(smtp_place(str(config.mail.mail_url))) if sends else None
    return OutboxSending(config.mail, config.public_url, sender, reset, Metrics(), clock)


async def put(address: str = ANN) -> None:
    """One that waits."""
    await outbox.put(MailKind.PASSWORD_CHANGED, address, "en", {"at": "now"})


async def states() -> list[str]:
    """Of all rows."""
    return sorted([row.state for row in await OutboxMail.all()])


async def test_many_emails_and_several_replicas_each_email_once(config: ServerConfig, sink: SmtpSink) -> None:
    addresses = [f"player{number}@example.org" for number in range(20)]
    for address in addresses:
        await put(address)
    sent = await asyncio.gather(*(replica(config, MovingClock()).tick() for _ in range(4)))
    assert sum(sent) == 20
    assert sorted(mail.recipients[0] for mail in sink.received) == sorted(addresses)
    assert await states() == ["sent"] * 20


async def test_a_mail_server_that_is_back_gets_what_waited(config: ServerConfig, sink: SmtpSink) -> None:
    clock = MovingClock()
    job = replica(config, clock)
    await put()
    for reply in (("connect", DROP), ("RCPT", "451 greylisted"), ("data-end", "452 full")):
        sink.faults.append(reply)
        assert await job.tick() == 0
        assert await job.tick() == 0  # not before its pause is over
        clock.forward(minutes=20)
    assert await job.tick() == 1
    assert [mail.recipients for mail in sink.received] == [(ANN,)]
    assert (await OutboxMail.get()).tries == 4


@pytest.mark.parametrize("backend", [{}], ids=["sqlite"])
class TestWithoutDatabaseMatters:
    async def test_who_cannot_be_reached_is_given_up_and_shown_and_others_go_on(
        self, config: ServerConfig, sink: SmtpSink, logs: list[Any]
    ) -> None:
        await put("gone@example.org")
        await put("not an address")
        await put()
        sink.faults.append(("RCPT", "550 no such user"))
        job = replica(config, MovingClock())
        assert await job.tick() == 1
        shown = {row.address: row.last_error for row in await outbox.given_up(10)}
        assert shown.keys() == {"gone@example.org", "not an address"}
        assert "550" in shown["gone@example.org"]
        assert [entry["event"] for entry in logs if entry["event"].startswith("mail")] == ["mail_given_up"] * 2
        assert not any("@" in str(entry) for entry in logs if entry["event"].startswith("mail"))
        figures = job._metrics.exposition("")[0].decode()
        assert "plg_server_mails_given_up 2.0" in figures
        assert 'plg_server_mails_total{kind="password_changed",outcome="given_up"} 2.0' in figures

    async def test_a_mail_server_that_is_away_is_not_asked_for_every_email(
        self, config: ServerConfig, sink: SmtpSink
    ) -> None:
        for number in range(10):
            await put(f"player{number}@example.org")
        sink.faults += [("connect", DROP)] * 10
        assert await replica(config, MovingClock()).tick() == 0
        assert sink.conversations == FAILURES_IN_A_ROW

    async def test_what_is_too_old_to_be_of_use_is_not_sent(self, config: ServerConfig, sink: SmtpSink) -> None:
        await put()
        clock = MovingClock()
        clock.forward(days=4)
        assert await replica(config, clock).tick() == 0
        assert (await states(), sink.received) == (["stale"], [])

    async def test_a_server_that_sends_none_lets_nothing_pile_up(self, config: ServerConfig, sink: SmtpSink) -> None:
        await put()
        assert await replica(config, MovingClock(), sends=False).tick() == 0
        assert (await states(), sink.received) == (["stale"], [])

    async def test_a_yes_that_is_lost_on_the_way_is_the_one_case_of_two_copies_and_they_are_alike(
        self, config: ServerConfig, sink: SmtpSink
    ) -> None:
        clock = MovingClock()
        job = replica(config, clock)
        await put()
        sink.faults.append(("data-end", TAKE_AND_DROP))
        assert await job.tick() == 0
        clock.forward(minutes=2)
        assert await job.tick() == 1
        first, second = sink.received
        assert first.message["Message-ID"] == second.message["Message-ID"]

    async def test_a_replica_that_dies_while_sending_is_replaced_after_its_lease(
        self, config: ServerConfig, sink: SmtpSink
    ) -> None:
        class Dying:
            async def send(self, message: EmailMessage) -> None:
                raise KeyboardInterrupt  # the process ends here

            async def close(self) -> None:
                pass

        await put()
        clock = MovingClock()
        dying = replica(config, clock)
        dying._sender = Dying()
        with pytest.raises(KeyboardInterrupt):
            await dying.tick()
        heir = replica(config, clock)
        assert await heir.tick() == 0
        clock.forward(seconds=outbox.LEASE.total_seconds() + 1)
        assert await heir.tick() == 1

    async def test_cleaning_takes_what_ended_long_ago(self, config: ServerConfig, sink: SmtpSink) -> None:
        await put()
        clock = MovingClock()
        job = replica(config, clock)
        await job.tick()
        assert await job.clean() == 0
        clock.forward(days=31)
        assert await job.clean() == 1
