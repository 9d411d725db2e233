"""What /status is made of."""

from datetime import timedelta

from plg_server.bot.account_facts import status_facts
from support.bot_world import BotDriver
from support.operator_rows import account_row, node_row, session_row


async def test_running_sessions_totals_and_the_gain_of_what_was_measured_both_ways(bot: BotDriver) -> None:
    now = bot.clock()
    with bot.world.database.active():
        node = await node_row("Frankfurt 1", 1, now)
        ann = await account_row("ann@example.org", now, total_sessions=3, total_seconds=7300, total_bytes=5_000_000)
        bob = await account_row("bob@example.org", now)
        await session_row(ann, node, now - timedelta(minutes=5))
        await session_row(bob, node, now)
        for direct_ms, total_ms, days in ((50.0, 30.0, 1), (40.0, 30.0, 2), (99.0, 1.0, 31), (None, 30.0, 1)):
            past = now - timedelta(days=days)
            await session_row(ann, node, past, ended_at=past, direct_ms=direct_ms, measured_total_ms=total_ms)
        facts = await status_facts(bot.world, ann)
        nothing = await status_facts(bot.world, bob)
    (running,) = facts.sessions
    assert (running.game, running.relay, running.minutes) == ("Counter-Strike 2", "Frankfurt 1", 5)
    assert (facts.total_sessions, facts.total_hours, facts.total_bytes) == (3, 2, 5_000_000)
    assert (facts.measured, facts.gain_ms) == (2, 15)
    assert (nothing.measured, nothing.gain_ms) == (0, None)
