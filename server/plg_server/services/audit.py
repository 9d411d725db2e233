"""The audit log: every administrative act, written in the transaction of the change itself.

There is no way to change or remove an entry: this module only adds and reads, and triggers in the database refuse the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import msgspec

from plg.contract import admin_audit as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import as_id, new_id, timestamp, utc_now
from plg_server.models.accounts import Account
from plg_server.models.audit import AuditEntry
from plg_server.problems import ApiError
from plg_server.services.accounts import normal_email

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

MAX_DETAILS_CHARS = 8000
"""Implementation. Far above any act's details; what is longer is cut, so that an act never fails for its record."""


@dataclass(frozen=True)
class Actor:
    """Who acts. `via` is "sign_in", "machine" (the operator at the server's own command line), or an API token's id."""

    account_id: str
    role: str
    via: str
    request_id: str
    address: str


MACHINE = Actor(account_id="", role="machine", via="machine", request_id="", address="")
"""The operator at the machine: whoever may run `plg server` there."""


async def record(actor: Actor, act: str, subject: str, details: Mapping[str, JsonValue]) -> None:
    """Add one entry. Call it inside the transaction of the change, so that neither can be without the other.

    `act` is a verb with its subject ("users.ban"), `subject` kind and id ("account:0123456789abcdef"). `details` say what
    changed; no secrets, no e-mail addresses: an entry outlives the account.
    """
    text = msgspec.json.encode(details).decode()
    if len(text) > MAX_DETAILS_CHARS:
        text = msgspec.json.encode({"cut": text[: MAX_DETAILS_CHARS // 2]}).decode()
    await AuditEntry.create(
        id=new_id(),
        at=utc_now(),
        actor_id=actor.account_id,
        actor_role=actor.role,
        via=actor.via[:64],
        act=act[:64],
        subject=subject[:128],
        details=text,
        request_id=actor.request_id[:64],
        address=actor.address[:64],
    )


async def entries(query: contract.AuditQuery) -> contract.AuditPage:
    """The entries that fit, newest first. `act` and `subject` may be the beginning up to a dot or colon.

    Raises ApiError `invalid_query`.
    """
    found = AuditEntry.all()
    if query.actor is not None:
        found = found.filter(actor_id=await _actor_id(query.actor))
    if query.act is not None:
        found = found.filter(act__startswith=query.act) if query.act.endswith(".") else found.filter(act=query.act)
    if query.subject is not None:
        whole = not query.subject.endswith(":")
        found = found.filter(subject=query.subject) if whole else found.filter(subject__startswith=query.subject)
    if query.since is not None:
        found = found.filter(at__gte=_utc(query.since))
    if query.until is not None:
        found = found.filter(at__lt=_utc(query.until))
    rows = await found.order_by("-at", "-id").limit(query.limit).offset(query.offset)
    names = await _names({row.actor_id for row in rows})
    return contract.AuditPage(
        entries=[_shown(row, names) for row in rows], total=await found.count(), limit=query.limit, offset=query.offset
    )


def _utc(moment: datetime) -> datetime:
    """Raises ApiError `invalid_query` for a moment that no calendar has in UTC."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ApiError(ErrorCode.INVALID_QUERY, "this time lies outside of the years 1 to 9999") from None


async def _actor_id(wanted: str) -> str:
    """An account's id by its e-mail address; "machine" is nobody's; anything else is an id already."""
    if wanted == MACHINE.via:
        return MACHINE.account_id
    if "@" not in wanted:
        return as_id(wanted)
    account = await Account.get_or_none(email=normal_email(wanted))
    return "-" if account is None else account.id


async def _names(ids: set[str]) -> dict[str, str]:
    """E-mail addresses of the accounts that are still there."""
    rows = await Account.filter(id__in=sorted(ids)).values_list("id", "email")
    return {str(identifier): str(email) for identifier, email in rows}


def _shown(row: AuditEntry, names: Mapping[str, str]) -> contract.AuditRecord:
    return contract.AuditRecord(
        id=row.id,
        at=timestamp(row.at),
        actor=contract.AuditActor(
            account_id=row.actor_id or None, email=names.get(row.actor_id), role=row.actor_role, via=row.via
        ),
        act=row.act,
        subject=row.subject,
        details=msgspec.json.decode(row.details, type=dict[str, object]),
        request_id=row.request_id,
        address=row.address,
    )
