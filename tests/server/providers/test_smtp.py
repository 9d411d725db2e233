"""Handing e-mails to a mail server, over real sockets."""

import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from plg_server.mail_config import smtp_place
from plg_server.providers import smtp
from plg_server.providers.smtp import SendFailed, SmtpSender, tls_context
from plg_server.services.mail_kinds import MailKind, MailLanguage
from plg_server.services.mail_texts import compose, write
from support.smtp_sink import DROP, HANG, TAKE_AND_DROP, USER, SmtpSink, smtp_sink


def a_message(to: str = "ann@example.org") -> EmailMessage:
    """An e-mail as the outbox makes it."""
    facts = {"at": "2026-01-02 03:04 UTC"}
    letter = write(MailKind.PASSWORD_CHANGED, MailLanguage.RU, facts, "PLG")
    return compose(
        letter, MailLanguage.RU, facts, to=to, sender="PLG <a@plg.example.org>", mail_id="1", now=datetime.now(UTC)
    )


def sender_for(sink: SmtpSink) -> SmtpSender:
    """Our side."""
    return SmtpSender(smtp_place(sink.url))


async def test_an_email_goes_encrypted_and_signed_in_by_default_and_arrives_whole(tmp_path: Path) -> None:
    with smtp_sink(tmp_path, starttls=True, needs_user=True) as sink:
        sender = sender_for(sink)
        await sender.send(a_message())
        await sender.close()
    (mail,) = sink.received
    assert (mail.encrypted, mail.user) == (True, USER)
    assert (mail.sender, mail.recipients) == ("a@plg.example.org", ("ann@example.org",))
    assert mail.message["Subject"] == "Ваш пароль изменён"
    assert "2026-01-02 03:04 UTC" in mail.text


async def test_several_emails_of_a_round_share_a_connection(tmp_path: Path) -> None:
    with smtp_sink(tmp_path, starttls=True) as sink:
        sender = sender_for(sink)
        for name in ("ann", "bob", "cem"):
            await sender.send(a_message(f"{name}@example.org"))
        await sender.close()
    assert (len(sink.received), sink.conversations) == (3, 1)


async def test_without_starttls_nothing_is_sent_unless_the_url_says_so(tmp_path: Path) -> None:
    with smtp_sink(tmp_path) as sink:
        strict = SmtpSender(smtp_place(f"smtp://127.0.0.1:{sink.port}"))
        with pytest.raises(SendFailed) as refusal:
            await strict.send(a_message())
        await strict.close()
        assert (refusal.value.for_good, sink.received) == (False, [])
        plain = sender_for(sink)
        await plain.send(a_message())
        await plain.close()
    assert [mail.encrypted for mail in sink.received] == [False]


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with smtp_sink(tmp_path, starttls=True) as sink:
        sender = SmtpSender(smtp_place(f"smtp://127.0.0.1:{sink.port}"))
        with pytest.raises(SendFailed) as refusal:
            await sender.send(a_message())
        await sender.close()
    assert (refusal.value.for_good, sink.received) == (False, [])
    assert "certificate" in str(refusal.value).lower()


@pytest.mark.parametrize(
    ("verb", "reply", "for_good"),
    [
        ("RCPT", "550 no such user", True),
        ("RCPT", "451 later", False),
        ("data-end", "554 we think this is spam", True),
        ("data-end", "452 disk full", False),
        ("DATA", "421 going down", False),
        ("MAIL", "550 you may not", False),
        ("connect", "554 go away", False),
        ("connect", DROP, False),
        ("RCPT", DROP, False),
        ("data-end", DROP, False),
        ("data-end", TAKE_AND_DROP, False),
    ],
)
async def test_what_the_mail_server_says_decides_whether_another_try_helps(
    tmp_path: Path, verb: str, reply: str, for_good: bool
) -> None:
    with smtp_sink(tmp_path) as sink:
        sink.faults.append((verb, reply))
        sender = sender_for(sink)
        with pytest.raises(SendFailed) as refusal:
            await sender.send(a_message())
        assert refusal.value.for_good is for_good
        assert len(str(refusal.value)) <= smtp.REASON_LIMIT_CHARS
        # The same sender sends the next one.
        await sender.send(a_message("bob@example.org"))
        await sender.close()
    assert [mail.recipients for mail in sink.received][-1] == ("bob@example.org",)


async def test_a_wrong_password_may_be_mended_by_the_operator(tmp_path: Path) -> None:
    with smtp_sink(tmp_path, needs_user=True) as sink:
        sender = SmtpSender(smtp_place(f"smtp://a:b@127.0.0.1:{sink.port}?starttls=off"))
        with pytest.raises(SendFailed) as refusal:
            await sender.send(a_message())
        await sender.close()
    assert (refusal.value.for_good, "535" in str(refusal.value)) == (False, True)


async def test_a_mail_server_that_says_nothing_is_left_after_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "SEND_LIMIT_S", 0.3)
    with smtp_sink(tmp_path) as sink:
        sink.faults.append(("connect", HANG))
        sender = sender_for(sink)
        with pytest.raises(SendFailed) as refusal:
            await sender.send(a_message())
        await sender.close()
    assert not refusal.value.for_good


async def test_nobody_at_the_port_is_no_reason_to_give_up(tmp_path: Path) -> None:
    sender = SmtpSender(smtp_place("smtp://127.0.0.1:1"))
    with pytest.raises(SendFailed) as refusal:
        await sender.send(a_message())
    await sender.close()
    assert not refusal.value.for_good


def test_without_a_file_the_systems_authorities_vouch() -> None:
    context = tls_context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
