"""A real server with an admin, a supporter and a player, for tests of `plg admin`: in a thread, on SQLite."""

import asyncio
import functools
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from plg_server import app_keys
from plg_server.config import load_config
from plg_server.ids import utc_now
from plg_server.schema_migration import migrate
from support.local_server import real_server, serving
from support.operator_rows import account_row, sign_in_row


@dataclass(frozen=True)
class Person:
    """An account that is signed in."""

    account_id: str
    email: str
    token: str


@dataclass(frozen=True)
class Operated:
    """Its address, its data, and who is there: "admin", "support" and "player", each at example.org."""

    url: str
    data_dir: Path
    people: dict[str, Person]

    def environ(self, who: str = "admin") -> dict[str, str]:
        """For somebody's command line."""
        return {"PLG_SERVER": self.url, "PLG_TOKEN": self.people[who].token, "PLG_SERVER_DATA_DIR": str(self.data_dir)}


@functools.cache
def migrated_folder() -> "TemporaryDirectory[str]":
    """An empty database of this version, made once in each process: migrating takes longer than most tests."""
    folder = TemporaryDirectory(prefix="plg-operated-")
    asyncio.run(migrate(load_config(None, {}, {"data_dir": folder.name})))
    return folder


@contextmanager
def operated_server(data_dir: Path) -> Iterator[Operated]:
    """Runs until the block ends."""
    people: dict[str, Person] = {}

    async def move_in(app: web.Application) -> AsyncIterator[None]:
        now = utc_now()
        with app[app_keys.DATABASE].active():
            for age, role in enumerate(("player", "support", "admin")):
                account = await account_row(f"{role}@example.org", now - timedelta(hours=age), role=role)
                sign_in = await sign_in_row(account, now)
                pair = await app[app_keys.ACCOUNTS]._issue(account.id, sign_in.id, now)
                people[role] = Person(account.id, account.email, pair.access_token)
        yield

    data_dir.mkdir(parents=True)
    shutil.copy(Path(migrated_folder().name) / "server.sqlite3", data_dir)
    app = real_server(data_dir)
    app.cleanup_ctx.append(move_in)
    with serving(app) as url:
        yield Operated(url, data_dir, people)
