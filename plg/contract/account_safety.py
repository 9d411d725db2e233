"""The second factor, the devices that are signed in, and a person's own data: /v1/me/totp, /v1/me/devices, /v1/me/export."""

from typing import Annotated

from msgspec import Meta

from plg.contract.accounts import Account
from plg.contract.api_tokens import ApiToken
from plg.contract.billing import PaymentRecord
from plg.contract.schema import Answer, Count, Request, Timestamp
from plg.contract.sessions import SessionRecord

GivenPassword = Annotated[str, Meta(min_length=1, max_length=256)]
"""The account's own password, as at sign-in: a short one is simply wrong."""

SecondFactorCode = Annotated[
    str, Meta(min_length=6, max_length=32, description="six digits of the authenticator, or a recovery code")
]


class TotpStatus(Answer, frozen=True, kw_only=True):
    """GET /v1/me/totp. `since` is null while it is off."""

    on: bool
    since: Timestamp | None
    recovery_codes_left: Count


class TotpBeginRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/totp"""

    password: GivenPassword


class TotpSetup(Answer, frozen=True, kw_only=True):
    """A new secret (base32, RFC 4648), shown once. It counts when a first code of it was confirmed."""

    secret: str
    uri: str


class TotpConfirmRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/totp/confirm"""

    code: SecondFactorCode


class TotpProofRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/totp/off, and POST /v1/me/totp/recovery-codes"""

    password: GivenPassword
    totp: SecondFactorCode


class RecoveryCodes(Answer, frozen=True, kw_only=True):
    """Each works once instead of a code. Shown this once; earlier ones have ended."""

    codes: list[str]


class Device(Answer, frozen=True, kw_only=True):
    """One sign-in. `network` is the network that it was last used from, empty when that is not known."""

    id: str
    name: str
    created_at: Timestamp
    last_used_at: Timestamp
    network: str
    current: bool


class DeviceList(Answer, frozen=True, kw_only=True):
    """GET /v1/me/devices, last used first."""

    devices: list[Device]
    total: Count
    limit: Count
    offset: Count


class DevicesRevoked(Answer, frozen=True, kw_only=True):
    """POST /v1/me/devices/revoke-others"""

    revoked: Count


class GrantedDays(Answer, frozen=True, kw_only=True):
    """Days that the account was given. `source`: trial, payment, promo, gift, referral or operator."""

    source: str
    plan: str
    days: int
    note: str
    granted_at: Timestamp
    revoked_at: Timestamp | None


class UsedCode(Answer, frozen=True, kw_only=True):
    """A promo or gift code that the account used."""

    kind: str
    percent: int
    used_at: Timestamp


class ReferralData(Answer, frozen=True, kw_only=True):
    """The account's own code for friends, and how many came by it."""

    code: str | None
    invited: Count
    was_invited: bool


class SentBenchmark(Answer, frozen=True, kw_only=True):
    """A report of `plg bench` that was handed in."""

    created_at: Timestamp
    game: str
    region: str
    verdict: str
    difference_ms: float


class BegunPayment(Answer, frozen=True, kw_only=True):
    """Somebody set out to pay; `state` is open or paid."""

    created_at: Timestamp
    provider: str
    plan: str
    currency: str
    amount: str
    state: str


class SentMail(Answer, frozen=True, kw_only=True):
    """An e-mail that the server sent, or tried to."""

    kind: str
    address: str
    state: str
    created_at: Timestamp


class LinkedChat(Answer, frozen=True, kw_only=True):
    """The Telegram chat that is linked to the account."""

    chat_id: int
    language: str
    linked_at: Timestamp
    reminders: bool


EXPORT_FORMAT = "plg.account-export/1"


class AccountExport(Answer, frozen=True, kw_only=True):
    """GET /v1/me/export: everything the server knows of the account, without secrets."""

    exported_at: Timestamp
    account: Account
    language: str
    email_verified_at: Timestamp | None
    plan_cancelled_at: Timestamp | None
    totp: TotpStatus
    referral: ReferralData
    devices: list[Device]
    api_tokens: list[ApiToken]
    grants: list[GrantedDays]
    checkouts: list[BegunPayment]
    payments: list[PaymentRecord]
    codes: list[UsedCode]
    mails: list[SentMail]
    benchmarks: list[SentBenchmark]
    sessions: list[SessionRecord]
    telegram: LinkedChat | None = None
    format: str = EXPORT_FORMAT


class DeleteAccountRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/delete. With `dry_run` everything is checked and nothing is changed (the code of TOTP is not used up)."""

    password: GivenPassword
    totp: SecondFactorCode | None = None
    dry_run: bool = False


class AccountDeletion(Answer, frozen=True, kw_only=True):
    """What was removed, or would be: rows by kind. `payments_kept` stay for the books, without a name."""

    dry_run: bool
    removed: dict[str, Count]
    payments_kept: Count
    plan_ends_at: Timestamp | None
