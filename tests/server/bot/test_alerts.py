"""Relays that fall silent and come back: each told once to each linked admin, whoever looks however often."""

import asyncio
from datetime import timedelta

from plg_server.bot.alerts import RelayAlerts
from plg_server.ids import new_id
from plg_server.models.leases import NodeSilence
from plg_server.models.nodes import Node
from plg_server.models.telegram import TelegramMessage
from support.bot_world import BotDriver
from support.operator_rows import node_row

MINUTE = timedelta(minutes=1)


async def messages() -> list[str]:
    return sorted([row.kind for row in await TelegramMessage.all()])


async def test_a_silence_and_its_end_are_told_to_admins_alone_and_once(bot_on_each: BotDriver) -> None:
    bot = bot_on_each
    await bot.linked(7, role="admin")
    await bot.linked(8, role="admin")
    await bot.linked(9, role="support")
    now = bot.clock()
    with bot.world.database.active():
        node = await node_row("Oslo <1>", 1, now)
        silence = await NodeSilence.create(id=new_id(), node=node, since=now)
        alerts = RelayAlerts(bot.world)
        assert await alerts.tick() == {"silent": 0, "ended": 0}
        bot.clock.forward(minutes=3)
        await asyncio.gather(*(RelayAlerts(bot.world).tick() for _ in range(5)))
        await alerts.tick()
        assert await messages() == ["relay_silent"] * 2
        await silence.delete()
        await asyncio.gather(*(RelayAlerts(bot.world).tick() for _ in range(5)))
        await alerts.tick()
        assert await messages() == ["relay_back"] * 2 + ["relay_silent"] * 2
        await NodeSilence.create(id=new_id(), node=node, since=bot.clock())
        bot.clock.forward(minutes=3)
        await alerts.tick()
        assert (await messages()).count("relay_silent") == 4


async def test_a_short_silence_wakes_nobody(bot_on_each: BotDriver) -> None:
    bot = bot_on_each
    await bot.linked(7, role="admin")
    with bot.world.database.active():
        silence = await NodeSilence.create(id=new_id(), node=await node_row("Oslo", 1, bot.clock()), since=bot.clock())
        bot.clock.forward(seconds=100)
        await RelayAlerts(bot.world).tick()
        await silence.delete()
        await RelayAlerts(bot.world).tick()
        assert await messages() == []


async def test_a_relay_that_was_taken_out_of_service_did_not_come_back(bot_on_each: BotDriver) -> None:
    bot = bot_on_each
    await bot.linked(7, role="admin")
    with bot.world.database.active():
        node = await node_row("Oslo", 1, bot.clock())
        silence = await NodeSilence.create(id=new_id(), node=node, since=bot.clock())
        bot.clock.forward(minutes=3)
        await RelayAlerts(bot.world).tick()
        await Node.filter(id=node.id).update(disabled_at=bot.clock())
        await silence.delete()
        await RelayAlerts(bot.world).tick()
        assert await messages() == ["relay_gone", "relay_silent"]
