"""The server's own state for operators: versions, whether database and store answer, and when periodic work last succeeded."""

import platform
import time
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

import msgspec

from plg import __version__
from plg_server.database import Database, first_line
from plg_server.models.leases import Lease
from plg_server.store import Store, StoreUnavailable

LIBRARIES = ("aiohttp", "tortoise-orm", "msgspec", "jinja2", "cryptography", "redis")

MAX_WORK = 100


@dataclass(frozen=True)
class Part:
    """Something that the server needs. `problem` is None when it answered, within `answered_ms`."""

    name: str
    where: str
    answered_ms: float
    problem: str | None


@dataclass(frozen=True)
class PeriodicWork:
    """One piece of work that one replica does for all; `is_failing` when its last round did not succeed."""

    name: str
    due_at: datetime
    succeeded_at: datetime | None
    seconds: float
    outcome: dict[str, int | float]
    is_failing: bool


def versions() -> dict[str, str]:
    """PLG, Python and the libraries that matter, by name."""
    return {"plg": __version__, "Python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


async def parts(database: Database, store: Store, store_where: str) -> list[Part]:
    """Ask both. `store_where` is its address without its password."""
    began_s = time.monotonic()
    database_problem = None
    try:
        await database.ping()
    except Exception as error:
        if not database.is_unavailable(error):
            raise
        database_problem = first_line(error)
    asked_s = time.monotonic()
    store_problem = None
    try:
        await store.ping()
    except StoreUnavailable as error:
        store_problem = str(error)
    ended_s = time.monotonic()
    return [
        Part("database", database.shown_url, (asked_s - began_s) * 1000, database_problem),
        Part("store", store_where, (ended_s - asked_s) * 1000, store_problem),
    ]


async def periodic_work() -> list[PeriodicWork]:
    """By name. Needs an active database."""
    return [
        PeriodicWork(
            name=row.id,
            due_at=row.due_at,
            succeeded_at=row.succeeded_at,
            seconds=row.seconds,
            outcome=_numbers(row.outcome),
            is_failing=row.held_until is None
            and row.began_at is not None
            and (row.succeeded_at is None or row.succeeded_at < row.began_at),
        )
        # Only work that is held while it runs (`fence`) says when it succeeded.
        for row in await Lease.filter(fence__gt=0, rounds__gt=0).order_by("id").limit(MAX_WORK)
    ]


def _numbers(text: str) -> dict[str, int | float]:
    """What a round found, as its lease keeps it; a form that another version wrote shows nothing."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, int | float])
    except msgspec.DecodeError:
        return {}
