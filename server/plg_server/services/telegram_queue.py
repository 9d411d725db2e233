"""What the bot has to say without being asked: put in once for each thing that it tells of, taken out by one process at a time.

`key` is unique, so however many processes come to the same conclusion the message is there once. A row is taken by one conditional
UPDATE that moves `due_at` on. Telegram knows no undo: a process that dies between Telegram's yes and `mark_sent` leaves a row that
is tried again, and that copy is the only one too many.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from tortoise.expressions import F

from plg_server.ids import new_id
from plg_server.models.telegram import TelegramMessage

LEASE = timedelta(minutes=5)
"""How long a taken message belongs to its process; a try is broken off long before."""

RETRY_AFTER = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
)
"""Pauses after failed tries; the last one again and again."""

MAX_TRIES = 30
"""A day of trying; most messages are of no use before that."""

CLOCK_FAULT = timedelta(hours=2)
"""A message that is due later than any pause of ours allows was put off by a clock that has been set back since."""


class MessageKind(StrEnum):
    """Why the bot speaks unasked; the texts are in `plg_server/bot/templates`."""

    REMINDER = "reminder"
    RELAY_SILENT = "relay_silent"
    RELAY_BACK = "relay_back"
    RELAY_GONE = "relay_gone"
    DIGEST = "digest"


async def put(
    kind: MessageKind, account_id: str, about: str, facts: Mapping[str, object], now: datetime, useful_for: timedelta
) -> bool:
    """Leave a message to this account's chat. `about` names what it tells of: with kind and account it is said once, ever.

    True when it was not there before. Facts are what the text is made with (JSON).
    """
    key = f"{kind}:{about}:{account_id}"
    if await TelegramMessage.exists(key=key):
        return False
    row = TelegramMessage(
        id=new_id(),
        account_id=account_id,
        key=key,
        kind=kind,
        facts=msgspec.json.encode(facts).decode(),
        created_at=now,
        due_at=now,
        useless_at=now + useful_for,
    )
    await TelegramMessage.bulk_create([row], ignore_conflicts=True)
    return await TelegramMessage.exists(id=row.id)


async def take(now: datetime) -> TelegramMessage | None:
    """The message that has waited longest, taken for `LEASE`; None when none is due."""
    while True:
        row = await TelegramMessage.filter(state="waiting", due_at__lte=now).order_by("due_at", "id").first()
        if row is None:
            return None
        # `tries` changes with each taking, so of several processes that read the row one changes it.
        won = await TelegramMessage.filter(id=row.id, state="waiting", tries=row.tries).update(
            due_at=now + LEASE, tries=F("tries") + 1
        )
        if won:
            row.tries += 1
            return row


async def mark_sent(row: TelegramMessage, now: datetime) -> None:
    """Telegram took it."""
    await _end(row, "sent", "", now)


async def mark_stale(row: TelegramMessage, reason: str, now: datetime) -> None:
    """It is of no use any more, or there is nobody to say it to."""
    await _end(row, "stale", reason, now)


async def put_off(row: TelegramMessage, reason: str, now: datetime, wait: timedelta | None = None) -> bool:
    """A try failed. `wait` is what Telegram asked for; such a try does not count. True when it was given up with that."""
    if wait is not None:
        mine = TelegramMessage.filter(id=row.id, state="waiting")
        await mine.update(due_at=now + wait, tries=F("tries") - 1, last_error=reason[:200])
        return False
    if row.tries >= MAX_TRIES:
        await give_up(row, reason, now)
        return True
    pause = RETRY_AFTER[min(row.tries, len(RETRY_AFTER)) - 1]
    await TelegramMessage.filter(id=row.id, state="waiting").update(due_at=now + pause, last_error=reason[:200])
    return False


async def give_up(row: TelegramMessage, reason: str, now: datetime) -> None:
    """No try can succeed."""
    await _end(row, "given_up", reason, now)


async def wake(now: datetime) -> int:
    """What a wrong clock put off is due now."""
    return await TelegramMessage.filter(state="waiting", due_at__gt=now + CLOCK_FAULT).update(due_at=now)


async def _end(row: TelegramMessage, state: str, reason: str, now: datetime) -> None:
    await TelegramMessage.filter(id=row.id, state="waiting").update(
        state=state, last_error=reason[:200], sent_at=now if state == "sent" else None
    )
