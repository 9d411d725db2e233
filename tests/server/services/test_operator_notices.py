"""What an operator should look at."""

from datetime import timedelta
from typing import Any

from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.models.leases import Lease, NodeSilence
from plg_server.models.nodes import Node
from plg_server.services.operator_notices import NoticeKind, operator_notices
from support.operator_rows import node_row


async def kinds() -> list[str]:
    return [notice.kind.value for notice in await operator_notices(utc_now())]


async def test_a_server_without_relays_says_so_and_one_with_a_relay_is_well(database: Database) -> None:
    with database.active():
        assert await kinds() == ["no_relay"]
        await node_row("a", 1, utc_now())
        assert await kinds() == []


async def test_silent_relays_are_named_but_for_those_that_were_taken_out(database: Database) -> None:
    now = utc_now()
    with database.active():
        for number, name in enumerate(("fra", "hel", "msk"), start=1):
            node = await node_row(name, number, now)
            await NodeSilence.create(id=new_id(), node=node, since=now)
        await Node.filter(name="hel").update(disabled_at=now)
        await Node.filter(name="msk").update(deleted_at=now)
        found = await operator_notices(now)
    assert [(notice.kind, notice.name) for notice in found] == [(NoticeKind.RELAY_SILENT, "fra")]


async def test_work_that_is_late_or_failed_is_named_and_work_under_way_is_not(database: Database) -> None:
    now, hour = utc_now(), timedelta(hours=1)
    with database.active():
        await node_row("a", 1, now)
        rows: dict[str, dict[str, Any]] = {
            "fine": {"due_at": now, "began_at": now - hour, "succeeded_at": now},
            "late": {"due_at": now - 3 * hour, "began_at": now - 4 * hour, "succeeded_at": now - 4 * hour},
            "failed": {"due_at": now, "began_at": now, "succeeded_at": now - hour},
            "runs": {"due_at": now, "began_at": now, "succeeded_at": now - hour, "held_until": now + hour},
        }
        for name, columns in rows.items():
            await Lease.create(id=name, rounds=1, fence=1, **columns)
        await Lease.create(id="a_turn", rounds=1, fence=0, due_at=now - 3 * hour, began_at=now)
        found = await operator_notices(now)
    assert sorted(notice.name for notice in found) == ["failed", "late"]
