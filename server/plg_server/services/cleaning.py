"""Deleting what nobody needs any more. Everything here is refused or ignored by its own end already: this keeps tables small."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from plg_server.models.account_safety import ApiToken
from plg_server.models.leases import PlanReminder
from plg_server.models.nodes import EnrolmentToken
from plg_server.models.sessions import Session
from plg_server.services.accounts import remove_expired
from plg_server.services.incidents import forget_incidents
from plg_server.services.leases import forget_leases
from plg_server.services.relay_days import forget_days
from plg_server.services.telegram_cleaning import forget_telegram

KEEP_SESSIONS = timedelta(days=400)
"""A player can compare with the same month of last year; the account's sums stay anyway."""

KEEP_ENROLMENT_TOKENS = timedelta(days=30)
"""An operator may want to see which token a new relay came with."""

KEEP_API_TOKENS = timedelta(days=90)
"""Counted from when one was revoked or ended: whoever asks why a script is refused finds it in the list for so long."""

KEEP_LEASES = timedelta(days=30)
"""Of work that this version does not know any more; an older replica beside it still might."""

KEEP_REMINDERS = timedelta(days=30)
"""Counted from the plan's end: only ends that lie ahead are reminded of, so no row is missed after it."""

BATCH = 500
"""Rows of one statement: a long one would keep players' requests from the database."""

MAX_BATCHES = 40
"""Of one round; the next one takes the rest."""


async def clean(now: datetime) -> Mapping[str, int]:
    """Delete it, and give how many rows of each kind went."""
    return {
        "sign_ins_and_tokens": await remove_expired(now),
        "sessions": await forget_sessions(now - KEEP_SESSIONS),
        "enrolment_tokens": await EnrolmentToken.filter(expires_at__lt=now - KEEP_ENROLMENT_TOKENS).delete(),
        "api_tokens": await _ended_before(now - KEEP_API_TOKENS).delete(),
        "reminders": await PlanReminder.filter(ends_at__lt=now - KEEP_REMINDERS).delete(),
        "leases": await forget_leases(now - KEEP_LEASES),
        "relay_days": await forget_days(now),
        "incidents": await forget_incidents(now),
        "telegram": await forget_telegram(now),
    }


def _ended_before(moment: datetime) -> QuerySet[ApiToken]:
    return ApiToken.filter(Q(revoked_at__lt=moment) | Q(expires_at__lt=moment))


async def forget_sessions(before: datetime) -> int:
    """Delete sessions that ended before, with their relays; at most BATCH * MAX_BATCHES in one call."""
    gone = 0
    for _ in range(MAX_BATCHES):
        old = await Session.filter(ended_at__lt=before).order_by("started_at").limit(BATCH).values_list("id", flat=True)
        if old:
            await Session.filter(id__in=[str(session_id) for session_id in old]).delete()
            gone += len(old)  # SQLite counts what the deletion took along too
        if len(old) < BATCH:
            break
    return gone
