"""The day that ended, for linked admins: once for each day and admin."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from tortoise.functions import Count, Sum

from plg_server.bot.relays import SILENT, relay_lines
from plg_server.bot.world import BotWorld
from plg_server.models.accounts import Account
from plg_server.models.mail import OutboxMail
from plg_server.models.payments import Payment
from plg_server.models.sessions import Session
from plg_server.models.telegram import TelegramMessage
from plg_server.services import telegram_links, telegram_queue
from plg_server.services.account_deletion import DELETED_ROLE
from plg_server.services.admin_stats import EARNED
from plg_server.services.money import to_text
from plg_server.services.reminders import AHEAD
from plg_server.services.telegram_queue import MessageKind

EVERY = timedelta(minutes=10)

TOLD_AT = time(6, 0, tzinfo=UTC)
"""Morning where most of our operators live (UTC+3 to UTC+8)."""

USEFUL_FOR = timedelta(hours=18)
"""To the end of the day: then the next one is near."""

DAY = timedelta(days=1)

MOST_RELAYS = 1000


class DailyDigest:
    """`tick` is the work of one round; it needs an active database. Raises StoreUnavailable: then it is told in a later round."""

    def __init__(self, world: BotWorld) -> None:
        self._world = world

    async def tick(self) -> Mapping[str, int]:
        """How many admins were told."""
        now = self._world.clock().astimezone(UTC)
        ends = now.replace(hour=0, minute=0, second=0, microsecond=0)
        day = (ends - DAY).date().isoformat()
        links = await telegram_links.admins() if now.timetz() >= TOLD_AT else []
        told = [row.account_id for row in await TelegramMessage.filter(kind=MessageKind.DIGEST, created_at__gte=ends)]
        missing = [link for link in links if link.account_id not in told]
        if not missing:
            return {"told": 0}
        facts = await self.facts(ends - DAY, ends)
        count = 0
        for link in missing:
            count += await telegram_queue.put(MessageKind.DIGEST, link.account_id, day, facts, now, USEFUL_FOR)
        return {"told": count}

    async def facts(self, starts: datetime, ends: datetime) -> dict[str, str | int]:
        """The figures of a day, and what wants a look now."""
        accounts = Account.exclude(role=DELETED_ROLE)
        relays = await relay_lines(self._world, MOST_RELAYS)
        silent = sum(relay.state == SILENT for relay in relays)
        sessions, traffic = await _sessions(starts, ends)
        return {
            "day": starts.date().isoformat(),
            "accounts": await accounts.count(),
            "new_accounts": await accounts.filter(created_at__gte=starts, created_at__lt=ends).count(),
            "plans_end": await accounts.filter(plan_expires_at__gt=ends, plan_expires_at__lte=ends + AHEAD).count(),
            "payments": await _payments(starts, ends),
            "sessions": sessions,
            "traffic": traffic,
            "relays_up": len(relays) - silent,
            "relays_silent": silent,
            "unmatched": await Payment.filter(state="unmatched").count(),
            "mails_given_up": await OutboxMail.filter(state="given_up", created_at__gte=starts).count(),
            "messages_given_up": await TelegramMessage.filter(state="given_up", created_at__gte=starts).count(),
        }


async def _payments(starts: datetime, ends: datetime) -> str:
    """ "2 = 998.00 RUB, 1 = 5.99 USD"."""
    rows = (
        await Payment.filter(paid_at__gte=starts, paid_at__lt=ends, state__in=EARNED)
        .annotate(payments=Count("id"), amount=Sum("amount_minor"))
        .group_by("currency")
        .values("currency", "payments", "amount")
    )
    return ", ".join(
        f"{row['payments']} = {to_text(int(row['amount']))} {row['currency']}"
        for row in sorted(rows, key=lambda row: str(row["currency"]))
    )


async def _sessions(starts: datetime, ends: datetime) -> tuple[int, int]:
    rows = (
        await Session.filter(started_at__gte=starts, started_at__lt=ends)
        .annotate(sessions=Count("id"), up=Sum("bytes_up"), down=Sum("bytes_down"))
        .values("sessions", "up", "down")
    )
    return int(rows[0]["sessions"]), int(rows[0]["up"] or 0) + int(rows[0]["down"] or 0)
