"""Sessions that end from the server's side: which ones, once, and who hears of it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tortoise.transactions import in_transaction

from plg.contract.relay_control import RevokeRequest
from plg_server.config import load_config
from plg_server.database import open_database
from plg_server.ids import utc_now
from plg_server.models.sessions import Session, SessionRelay
from plg_server.relay_control_client import RelayControl
from plg_server.schema_migration import migrate
from plg_server.services.session_ends import Revocations, end_live
from support.operator_rows import account_row, node_row, session_row, transit_row


class Told(RelayControl):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str | None]] = []

    def push(self, control_url: str, control_key: str, revocation: RevokeRequest) -> None:
        self.calls.append((control_url, revocation.cid))


@pytest.fixture
async def _database(tmp_path: Path) -> AsyncIterator[None]:
    """Conditional updates are the same on every engine: SQLite is enough."""
    config = load_config(None, {}, {"data_dir": str(tmp_path)})
    await migrate(config)
    database = await open_database(config)
    with database.active():
        yield
    await database.close()


@pytest.mark.usefixtures("_database")
async def test_the_live_sessions_of_one_account_end_once_and_their_relays_hear_of_it() -> None:
    now = utc_now()
    anna, boris = await account_row("anna@example.org", now), await account_row("boris@example.org", now)
    exit_node = await node_row("exit", 1, now, control_url="http://exit.test")
    transit_node = await node_row("transit", 2, now, control_url="http://transit.test")
    silent = await node_row("silent", 3, now)
    mine, other = await session_row(anna, exit_node, now), await session_row(boris, exit_node, now)
    without_control = await session_row(anna, silent, now)
    await transit_row(mine, transit_node, now)
    await session_row(anna, exit_node, now, expires_at=now - timedelta(minutes=1))
    told = Told()

    async with in_transaction():
        ended = await end_live("banned", now, account_id=anna.id)
    await Revocations(told).push(ended)
    async with in_transaction():
        again = await end_live("banned", now, account_id=anna.id)

    assert {session.id for session in ended} == {mine.id, without_control.id}
    assert again == []
    assert sorted(told.calls) == [("http://exit.test", mine.cid), ("http://transit.test", mine.cid)]
    row = await Session.get(id=mine.id)
    assert (row.ended_because, row.secret) == ("banned", "")
    assert (await SessionRelay.get(session_id=mine.id)).secret == ""
    assert (await Session.get(id=other.id)).ended_at is None


@pytest.mark.usefixtures("_database")
async def test_named_sessions_end_and_no_others() -> None:
    now = utc_now()
    anna, node = await account_row("anna@example.org", now), await node_row("exit", 1, now)
    first, second = await session_row(anna, node, now), await session_row(anna, node, now)
    async with in_transaction():
        ended = await end_live("killed", now, ids=[second.id])
    assert [session.id for session in ended] == [second.id]
    assert (await Session.get(id=first.id)).ended_at is None
