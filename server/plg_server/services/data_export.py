"""Everything about an account as one JSON document, made piece by piece: what somebody played in years fits no memory limit."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from tortoise.models import Model
from tortoise.queryset import QuerySet

from plg.contract import account_safety as contract
from plg.contract.accounts import Account as ShownAccount
from plg_server.ids import timestamp
from plg_server.models.account_safety import ApiToken, RecoveryCode, SecondFactor
from plg_server.models.accounts import Account, SignIn
from plg_server.models.benchmarks import Benchmark
from plg_server.models.billing import Cancellation, SubscriptionGrant
from plg_server.models.codes import CodeUse, Referral, ReferralCode
from plg_server.models.leases import PlanReminder
from plg_server.models.mail import MailCode, OutboxMail
from plg_server.models.payments import Checkout, Payment
from plg_server.models.sessions import LegFinding, Session
from plg_server.models.telegram import TelegramLink, TelegramLinkCode, TelegramMessage
from plg_server.services import api_tokens, devices
from plg_server.services.money import to_text
from plg_server.services.session_records import record_of
from plg_server.services.subscriptions import payment_record

PAGE_ROWS = 500
"""Rows in memory at a time: about a third of a megabyte of sessions."""

DEVICES_LIMIT = 1000
"""Sign-ins that have not ended; each ends a month after its last use."""

EXPORTED: frozenset[type[Model]] = frozenset(
    {
        ApiToken,
        Benchmark,
        Cancellation,
        Checkout,
        CodeUse,
        OutboxMail,
        Payment,
        Referral,
        ReferralCode,
        SecondFactor,
        Session,
        SignIn,
        SubscriptionGrant,
        TelegramLink,
    }
)
"""Tables that refer to accounts and are in the document."""

LEFT_OUT: dict[type[Model], str] = {
    RecoveryCode: "hashes of secrets; how many are left is told",
    MailCode: "hashes of codes; the e-mails that carried them are there",
    PlanReminder: "that a reminder was sent; the e-mail is there",
    TelegramLinkCode: "hashes of codes; the chat that one linked is there",
    TelegramMessage: "what was said in the linked chat; it is there to read",
    LegFinding: "a relay's way as the account's session measured it; the session is there",
}
"""Tables that are not, and why. A test asks for every other one."""

Row = TypeVar("Row", bound=Model)


async def export_parts(
    row: Account, account: ShownAccount, totp: contract.TotpStatus, current_id: str, now: datetime
) -> AsyncIterator[bytes]:
    """The pieces of a `contract.AccountExport`, in order. `account` is the `row` as its owner sees it."""
    cancelled = await Cancellation.get_or_none(account_id=row.id)
    head = {
        "format": contract.EXPORT_FORMAT,
        "exported_at": timestamp(now),
        "account": account,
        "language": row.language,
        "email_verified_at": None if row.email_verified_at is None else timestamp(row.email_verified_at),
        "plan_cancelled_at": None if cancelled is None else timestamp(cancelled.cancelled_at),
        "totp": totp,
        "referral": await _referral(account.id),
        "telegram": await _telegram(account.id),
        "devices": (await devices.devices(account.id, current_id, DEVICES_LIMIT, 0)).devices,
    }
    yield msgspec.json.encode(head)[:-1]
    mine = account.id
    async for part in _section(
        "api_tokens",
        ApiToken.filter(account_id=mine, revoked_at=None).order_by("created_at", "id"),
        api_tokens.described,
    ):
        yield part
    async for part in _section(
        "grants", SubscriptionGrant.filter(account_id=mine).order_by("granted_at", "id"), _grant
    ):
        yield part
    async for part in _section("checkouts", Checkout.filter(account_id=mine).order_by("created_at", "id"), _checkout):
        yield part
    async for part in _section("payments", Payment.filter(account_id=mine).order_by("paid_at", "id"), payment_record):
        yield part
    async for part in _section(
        "codes", CodeUse.filter(account_id=mine).order_by("used_at", "id").select_related("code"), _code
    ):
        yield part
    async for part in _section("mails", OutboxMail.filter(account_id=mine).order_by("created_at", "id"), _mail):
        yield part
    async for part in _section(
        "benchmarks", Benchmark.filter(account_id=mine).order_by("created_at", "id"), _benchmark
    ):
        yield part
    sessions = Session.filter(account_id=mine).order_by("started_at", "id").select_related("node")
    async for part in _section("sessions", sessions, lambda row: record_of(row, now)):
        yield part
    yield b"}"


async def _section(name: str, rows: QuerySet[Row], shown: Callable[[Row], msgspec.Struct]) -> AsyncIterator[bytes]:
    """One list. Oldest first: what is added meanwhile comes after what was read."""
    yield f',"{name}":['.encode()
    offset = 0
    while page := await rows.limit(PAGE_ROWS).offset(offset):
        body = b",".join(msgspec.json.encode(shown(row)) for row in page)
        yield b"," + body if offset else body
        offset += len(page)
    yield b"]"


async def _referral(account_id: str) -> contract.ReferralData:
    code = await ReferralCode.get_or_none(account_id=account_id)
    return contract.ReferralData(
        code=None if code is None else code.code,
        invited=await Referral.filter(referrer_id=account_id).count(),
        was_invited=await Referral.exists(account_id=account_id),
    )


async def _telegram(account_id: str) -> contract.LinkedChat | None:
    link = await TelegramLink.get_or_none(account_id=account_id)
    if link is None:
        return None
    return contract.LinkedChat(
        chat_id=link.chat_id,
        language=link.language,
        linked_at=timestamp(link.linked_at),
        reminders=link.reminders,
    )


def _grant(row: SubscriptionGrant) -> contract.GrantedDays:
    return contract.GrantedDays(
        source=row.source,
        plan=row.plan_name,
        days=row.days,
        note=row.note,
        granted_at=timestamp(row.granted_at),
        revoked_at=None if row.revoked_at is None else timestamp(row.revoked_at),
    )


def _code(row: CodeUse) -> contract.UsedCode:
    return contract.UsedCode(kind=row.code.kind, percent=row.percent, used_at=timestamp(row.used_at))


def _checkout(row: Checkout) -> contract.BegunPayment:
    return contract.BegunPayment(
        created_at=timestamp(row.created_at),
        provider=row.provider,
        plan=row.plan_name,
        currency=row.currency,
        amount=to_text(row.amount_minor),
        state=row.state,
    )


def _mail(row: OutboxMail) -> contract.SentMail:
    return contract.SentMail(kind=row.kind, address=row.address, state=row.state, created_at=timestamp(row.created_at))


def _benchmark(row: Benchmark) -> contract.SentBenchmark:
    return contract.SentBenchmark(
        created_at=timestamp(row.created_at),
        game=row.game,
        region=row.region,
        verdict=row.verdict,
        difference_ms=row.difference_ms,
    )
