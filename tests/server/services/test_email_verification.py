"""Confirming an address: links, limits and who is turned away; the way over HTTP stands with the handlers."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from plg_server.config import load_config
from plg_server.models.accounts import Account
from plg_server.problems import ApiError
from plg_server.services.email_verification import (
    LIMIT_WINDOW,
    RESEND_AFTER,
    SENDS_AN_HOUR,
    EmailVerification,
    MailLinks,
    refuse_too_many,
)
from plg_server.services.mail_codes import FreshCode, MailCodes, Purpose

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
MAIL = {"mail_url": "smtp://mail.example.org", "mail_from": "a@example.org", "require_verified_email": "on"}


def test_a_link_hides_its_token_behind_the_sign_that_no_server_gets() -> None:
    code = FreshCode("AB", "token", NOW)
    assert MailLinks("https://plg.example.org/").of("reset", code) == "https://plg.example.org/account/reset#token"
    assert MailLinks(None).of("reset", code) == ""


def test_only_where_it_is_asked_for_an_unconfirmed_account_is_turned_away() -> None:
    confirmed, unconfirmed = Account(email_verified_at=NOW), Account(email_verified_at=None)
    strict = EmailVerification(load_config(None, {}, MAIL), MailCodes(b"k"))
    strict.refuse_unverified(confirmed)
    with pytest.raises(ApiError, match="confirm your e-mail address first"):
        strict.refuse_unverified(unconfirmed)
    EmailVerification(load_config(None, {}, {}), MailCodes(b"k")).refuse_unverified(unconfirmed)


@pytest.mark.parametrize(
    ("ages", "wait"),
    [
        ([], None),
        ([RESEND_AFTER], None),
        ([timedelta(seconds=10)], RESEND_AFTER - timedelta(seconds=10)),
        ([timedelta(minutes=2 * n) for n in range(1, SENDS_AN_HOUR)], None),
        ([timedelta(minutes=2 * n) for n in range(1, SENDS_AN_HOUR + 1)], LIMIT_WINDOW - timedelta(minutes=2 * SENDS_AN_HOUR)),
        # The clock was set back by a year.
        ([timedelta(days=-365)], LIMIT_WINDOW),
    ],
)  # fmt: skip
async def test_how_long_somebody_waits_who_asks_too_often(ages: list[timedelta], wait: timedelta | None) -> None:
    async def made_since(*_asked: object) -> list[datetime]:
        return [NOW - age for age in ages]

    codes = SimpleNamespace(made_since=made_since)
    if wait is None:
        await refuse_too_many(codes, "a", Purpose.VERIFY, NOW)  # type: ignore[arg-type]  # only this is asked of it
        return
    with pytest.raises(ApiError) as refusal:
        await refuse_too_many(codes, "a", Purpose.VERIFY, NOW)  # type: ignore[arg-type]  # only this is asked of it
    assert refusal.value.retry_after_s == wait.total_seconds()
