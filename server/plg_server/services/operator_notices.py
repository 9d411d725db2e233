"""What an operator should look at now: silent relays, payments that wait, e-mails that were given up, work that does not get done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.expressions import F, Q

from plg_server.models.leases import Lease, NodeSilence
from plg_server.models.nodes import Node
from plg_server.models.payments import Payment
from plg_server.services import outbox

LATE_BY = timedelta(hours=2)
"""A round that is due begins within seconds; two hours are no slowness any more."""

MAX_NAMED = 20


class NoticeKind(StrEnum):
    """What is wrong."""

    NO_RELAY = "no_relay"
    RELAY_SILENT = "relay_silent"
    PAYMENTS_WAIT = "payments_wait"
    MAILS_GIVEN_UP = "mails_given_up"
    WORK_LATE = "work_late"


@dataclass(frozen=True)
class OperatorNotice:
    """One line. `name` and `id` are the relay's or the work's, `count` how many there are, `since` when it began."""

    kind: NoticeKind
    name: str = ""
    id: str = ""
    count: int = 0
    since: datetime | None = None


async def operator_notices(now: datetime) -> list[OperatorNotice]:
    """The worst first; empty when all is well."""
    found = []
    if not await Node.filter(deleted_at=None, disabled_at=None).exists():
        found.append(OperatorNotice(NoticeKind.NO_RELAY))
    silences = (
        NodeSilence.filter(node__deleted_at=None, node__disabled_at=None).order_by("since").select_related("node")
    )
    found += [
        OperatorNotice(NoticeKind.RELAY_SILENT, name=row.node.name, id=row.node_id, since=row.since)
        for row in await silences.limit(MAX_NAMED)
    ]
    waiting = await Payment.filter(state="unmatched").count()
    if waiting:
        found.append(OperatorNotice(NoticeKind.PAYMENTS_WAIT, count=waiting))
    given_up = await outbox.count("given_up")
    if given_up:
        found.append(OperatorNotice(NoticeKind.MAILS_GIVEN_UP, count=given_up))
    # Only work that is held while it runs (`fence`) says when it succeeded.
    failed = Q(held_until=None) & (Q(succeeded_at=None) | Q(succeeded_at__lt=F("began_at")))
    late = Lease.filter(Q(due_at__lt=now - LATE_BY) | failed, rounds__gt=0, fence__gt=0).order_by("due_at")
    found += [
        OperatorNotice(NoticeKind.WORK_LATE, name=row.id, since=row.succeeded_at) for row in await late.limit(MAX_NAMED)
    ]
    return found
