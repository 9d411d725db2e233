"""The server's own state for operators."""

from datetime import timedelta

import pytest

from plg import __version__
from plg_server.database import Database
from plg_server.ids import utc_now
from plg_server.models.leases import Lease
from plg_server.services.server_state import parts, periodic_work, versions
from plg_server.store import MemoryStore, StoreUnavailable


def test_versions_name_plg_python_and_the_libraries() -> None:
    found = versions()
    assert found["plg"] == __version__
    assert found.keys() >= {"Python", "aiohttp", "tortoise-orm"}


async def test_parts_say_whether_they_answer(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    assert [(part.name, part.problem) for part in await parts(database, store, "memory")] == [
        ("database", None),
        ("store", None),
    ]

    async def away() -> None:
        raise StoreUnavailable("nobody there")

    monkeypatch.setattr(store, "ping", away)
    assert (await parts(database, store, "memory"))[1].problem == "nobody there"


async def test_periodic_work_says_when_it_last_succeeded_and_whether_it_fails(database: Database) -> None:
    now = utc_now()
    with database.active():
        await Lease.create(id="good", rounds=1, fence=1, due_at=now, began_at=now, succeeded_at=now, outcome="{}")
        await Lease.create(
            id="bad", rounds=2, fence=2, due_at=now, began_at=now, succeeded_at=now - timedelta(hours=1)
        )  # fmt: skip
        found = {work.name: work.is_failing for work in await periodic_work()}
    assert found == {"good": False, "bad": True}
