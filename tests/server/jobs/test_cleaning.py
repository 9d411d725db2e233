"""The round of clean-up goes by the server's clock."""

from plg_server.database import Database
from plg_server.jobs.cleaning import Cleaning
from plg_server.models.sessions import Session
from support.billing_world import MovingClock
from support.operator_rows import account_row, node_row, session_row


async def test_what_is_fresh_now_is_old_in_two_years(database: Database) -> None:
    clock = MovingClock()
    now = clock()
    with database.active():
        account, node = await account_row("player@example.org", now), await node_row("Frankfurt 1", 1, now)
        await session_row(account, node, now, ended_at=now)
        assert (await Cleaning(clock).tick())["sessions"] == 0
        clock.forward(days=730)
        assert (await Cleaning(clock).tick())["sessions"] == 1
        assert not await Session.exists()
