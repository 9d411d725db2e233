"""The day that ended: its figures, once for each admin."""

import asyncio
from datetime import UTC, datetime, timedelta

from plg_server.bot.digest import DailyDigest
from plg_server.bot.sending import text_of
from plg_server.ids import new_id
from plg_server.models.leases import NodeSilence
from plg_server.models.payments import Payment
from plg_server.models.telegram import TelegramLink, TelegramMessage
from support.bot_world import BotDriver
from support.fake_telegram import checked_text
from support.operator_rows import account_row, node_row, session_row


def morning(bot: BotDriver, hour: int) -> datetime:
    """Set the clock to this hour of tomorrow."""
    now = bot.clock()
    tomorrow = (now + timedelta(days=1)).replace(hour=hour, minute=30)
    bot.clock.ahead += tomorrow - now
    return bot.clock()


async def paid(at: datetime, currency: str, amount_minor: int, state: str = "credited") -> None:
    account = await account_row(f"{new_id()}@example.org", at)
    await Payment.create(
        id=new_id(), provider="robokassa", external_id=new_id(), account=account, state=state,
        currency=currency, amount_minor=amount_minor, paid_at=at, seen_at=at,
    )  # fmt: skip


async def test_each_admin_hears_of_each_day_once_and_not_before_the_morning(bot_on_each: BotDriver) -> None:
    bot = bot_on_each
    await bot.linked(7, role="admin", language="ru")
    await bot.linked(8, role="admin")
    await bot.linked(9, role="player")
    with bot.world.database.active():
        morning(bot, 5)
        assert await DailyDigest(bot.world).tick() == {"told": 0}
        bot.clock.forward(hours=1)
        told = await asyncio.gather(*(DailyDigest(bot.world).tick() for _ in range(5)))
        assert sum(found["told"] for found in told) == 2
        assert await DailyDigest(bot.world).tick() == {"told": 0}
        assert await TelegramMessage.all().count() == 2
        bot.clock.forward(days=1)
        assert await DailyDigest(bot.world).tick() == {"told": 2}


async def test_the_figures_are_those_of_the_day_and_problems_those_of_now(bot_on_each: BotDriver) -> None:
    bot = bot_on_each
    await bot.linked(7, role="admin", language="ru")
    now = morning(bot, 9)
    noon = (now - timedelta(days=1)).astimezone(UTC).replace(hour=12)
    with bot.world.database.active():
        await paid(noon, "RUB", 49_900)
        await paid(noon, "RUB", 49_900)
        await paid(noon, "USD", 599)
        await paid(noon - timedelta(days=1), "EUR", 599)
        await paid(noon, "EUR", 1, "unmatched")
        up, silent = await node_row("Oslo", 1, now), await node_row("Rome", 2, now)
        await NodeSilence.create(id=new_id(), node=silent, since=now)
        player = await account_row("p@example.org", noon, plan_expires_at=now + timedelta(days=1))
        await session_row(player, up, noon, ended_at=noon, bytes_up=1000, bytes_down=2000)
        await session_row(player, up, now)
        await DailyDigest(bot.world).tick()
        row = await TelegramMessage.get()
        text = text_of(row, await TelegramLink.get()).text
    for part in (
        noon.date().isoformat(), "2 = 998.00 RUB, 1 = 5.99 USD", "Начато сеансов: 1, 3.0 kB", "работают 1, молчат 1",
        "закончатся за три дня: 1", "не удалось зачислить: 1", "молчащие узлы: 1",
    ):  # fmt: skip
        assert part in text
    assert "EUR" not in text
    checked_text({"text": text, "parse_mode": "HTML"})
