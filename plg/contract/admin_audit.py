"""The audit log as the admin API and `plg admin audit` show it."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Request, Timestamp

Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset")]
ListLimit = Annotated[int, Meta(ge=1, le=200)]
ListOffset = Annotated[int, Meta(ge=0, le=1_000_000)]


class AuditQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/audit. `act` ending in a dot and `subject` ending in a colon stand for all that begin so."""

    actor: Annotated[str, Meta(min_length=1, max_length=254, description='id, e-mail address or "machine"')] | None = (
        None
    )
    act: Annotated[str, Meta(pattern=r"^[a-z][a-z_.]{0,63}$")] | None = None
    subject: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:-]+$")] | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class AuditActor(Answer, frozen=True, kw_only=True):
    """Who acted: `account_id` is null for the operator at the machine, `email` also when the account is gone."""

    account_id: str | None
    email: str | None
    role: str
    via: str


class AuditRecord(Answer, frozen=True, kw_only=True):
    """One act. `details` depend on the act."""

    id: str
    at: Timestamp
    actor: AuditActor
    act: str
    subject: str
    details: dict[str, Any]
    request_id: str
    address: str


class AuditPage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/audit, newest first."""

    entries: list[AuditRecord]
    total: Count
    limit: int
    offset: int


class AdminAuditDocument(Document, frozen=True, kw_only=True):
    """`plg admin audit --json`."""

    entries: list[AuditRecord]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_audit/1"
