"""The kinds of e-mail: what each needs to be written, and how long it is of use. Their texts lie in `plg_server/mail/`."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class MailKind(StrEnum):
    """Why somebody gets an e-mail."""

    VERIFY = "verify"
    """Is this address yours?"""
    RESET = "reset"
    """Choose a new password."""
    CHANGE_EMAIL = "change_email"
    """To the new address: is it yours?"""
    EMAIL_CHANGED = "email_changed"
    """To the old address: it was changed, and this undoes it."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - no secret
    NEW_DEVICE = "new_device"
    PLAN_REMINDER = "plan_reminder"
    RECEIPT = "receipt"
    TEST = "test"
    """An operator asked whether e-mail works."""


class MailLanguage(StrEnum):
    """What e-mails are written in."""

    EN = "en"
    RU = "ru"


@dataclass(frozen=True)
class MailRules:
    """`facts` are the names that its text uses, all of them needed; after `useful_for` it is not sent any more."""

    facts: frozenset[str]
    useful_for: timedelta


CODE_USEFUL_FOR = timedelta(hours=1)
"""Codes for an address or a password live so long, and a code that has ended helps nobody."""

UNDO_USEFUL_FOR = timedelta(days=7)
"""How long the old address may take a change back: somebody on holiday reads e-mail once a week."""

RULES: dict[MailKind, MailRules] = {
    MailKind.VERIFY: MailRules(frozenset({"code", "link"}), CODE_USEFUL_FOR),
    MailKind.RESET: MailRules(frozenset({"code", "link"}), CODE_USEFUL_FOR),
    MailKind.CHANGE_EMAIL: MailRules(frozenset({"code", "link"}), CODE_USEFUL_FOR),
    MailKind.EMAIL_CHANGED: MailRules(frozenset({"code", "link", "new_email", "until"}), UNDO_USEFUL_FOR),
    MailKind.PASSWORD_CHANGED: MailRules(frozenset({"at"}), timedelta(days=3)),
    MailKind.NEW_DEVICE: MailRules(frozenset({"at", "device", "address"}), timedelta(days=3)),
    # A reminder that comes after the end is worse than none.
    MailKind.PLAN_REMINDER: MailRules(frozenset({"plan", "ends_on", "days_left"}), timedelta(days=2)),
    MailKind.RECEIPT: MailRules(frozenset({"plan", "amount", "currency", "paid_on", "reference", "ends_on"}), timedelta(days=7)),
    MailKind.TEST: MailRules(frozenset({"at"}), timedelta(hours=1)),
}  # fmt: skip


def mail_language(name: str) -> MailLanguage:
    """The language that `name` ("ru", "ru-RU") means; English for every other."""
    return MailLanguage.RU if name[:2].lower() == MailLanguage.RU else MailLanguage.EN
