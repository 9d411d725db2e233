"""The server in figures, and becoming the first admin."""

from typing import Annotated

from msgspec import Meta

from plg.contract.billing import Amount, Currency
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Request, Timestamp


class AccountFigures(Answer, frozen=True, kw_only=True):
    """How many accounts there are; `new_...` were made in the last day or seven days."""

    total: Count
    banned: Count
    new_day: Count
    new_week: Count


class PlanFigure(Answer, frozen=True, kw_only=True):
    """How many accounts have this plan now."""

    plan: str
    accounts: Count


class SessionFigures(Answer, frozen=True, kw_only=True):
    """Sessions that run now, and those that began in the last day or seven days with the bytes that they carried."""

    now: Count
    day: Count
    week: Count
    bytes_day: Count
    bytes_week: Count
    bytes_ever: Count


class IncomeFigure(Answer, frozen=True, kw_only=True):
    """Payments of one month (UTC) in one currency that were credited; what went back of them is not taken off."""

    month: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}$")]
    currency: Currency
    payments: Count
    amount: Amount
    refunded: Amount


class RelayFigures(Answer, frozen=True, kw_only=True):
    """Relays by what they do now: `down` are silent."""

    up: Count
    draining: Count
    down: Count
    disabled: Count


class Stats(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/stats"""

    at: Timestamp
    accounts: AccountFigures
    plans: list[PlanFigure]
    sessions: SessionFigures
    income: list[IncomeFigure]
    relays: RelayFigures
    payments_waiting: Count


class AdminStatsDocument(Document, frozen=True, kw_only=True):
    """`plg admin stats --json`."""

    stats: Stats
    schema: str = "plg.admin_stats/1"


class ClaimRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/claim: the token that a server without an admin says when it starts."""

    token: Annotated[str, Meta(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")]


class Claimed(Answer, frozen=True, kw_only=True):
    """Who is an admin now."""

    account_id: str
    email: str
    role: str


class AdminClaimDocument(Document, frozen=True, kw_only=True):
    """`plg admin claim --json`."""

    claimed: Claimed
    schema: str = "plg.admin_claim/1"
