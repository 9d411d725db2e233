"""What an operator does beside running the server: check that it could run, and let a relay in."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plg_server.config import ConfigError, ServerConfig, redacted_url
from plg_server.database import Database, first_line, open_database
from plg_server.schema_migration import migrate
from plg_server.sqlite_check import DatabaseDamaged, refuse_damaged
from plg_server.store import StoreUnavailable, open_store

if TYPE_CHECKING:
    from plg_server.services.nodes import NewEnrolmentToken


class CannotReach(Exception):
    """The database does not answer; the text is one line for the operator."""


@contextlib.contextmanager
def told_when_unreachable(config: ServerConfig) -> Iterator[None]:
    """Inside the block, "the database is gone" leaves as CannotReach."""
    try:
        yield
    except Exception as error:
        database = Database(config)
        if database.is_unavailable(error):
            raise CannotReach(f"the database {database.shown_url} cannot be used: {first_line(error)}") from error
        raise


@dataclass(frozen=True)
class Check:
    """One thing that was tried. `problem` is None when it is well; `is_setting` tells a wrong file from a part that is away."""

    name: str
    detail: str
    problem: str | None
    is_setting: bool = False


async def check(config: ServerConfig) -> list[Check]:
    """Try every part as `run` would use it, without changing anything: files first, then database and store."""
    return [
        _check_signing_key(config),
        _check_games(config),
        await _check_database(config),
        await _check_store(config),
    ]


def _check_signing_key(config: ServerConfig) -> Check:
    from plg_server.services.tokens import read_token_key, token_key_file

    if config.token_secret is not None:
        return Check("signing_key", "token_secret", None, is_setting=True)
    path = token_key_file(config.data_dir)
    if not path.exists():
        return Check("signing_key", f"{path} (made at the first start)", None, is_setting=True)
    try:
        read_token_key(path)
    except ConfigError as error:
        return Check("signing_key", str(path), str(error), is_setting=True)
    return Check("signing_key", str(path), None, is_setting=True)


def _check_games(config: ServerConfig) -> Check:
    from plg_server.game_network import load_catalog

    shown = f"built in, and {config.games_file}" if config.games_file else "built in"
    try:
        catalog = load_catalog(config)
    except ConfigError as error:
        return Check("games", shown, str(error), is_setting=True)
    return Check("games", f"{len(catalog.profiles)}, {shown}", None, is_setting=True)


async def _check_database(config: ServerConfig) -> Check:
    if not_yet := _check_missing_file(config):
        return not_yet
    database = await open_database(config)
    try:
        if database.is_sqlite:
            await asyncio.to_thread(refuse_damaged, database.sqlite_path)
        await database.ping()
    except DatabaseDamaged as error:
        return Check("database", database.shown_url, str(error), is_setting=True)
    except Exception as error:
        if not database.is_unavailable(error):
            raise
        return Check("database", database.shown_url, first_line(error))
    finally:
        await database.close()
    return Check("database", database.shown_url, None)


def _check_missing_file(config: ServerConfig) -> Check | None:
    """A SQLite file that the first start will make: only whether it could."""
    path = Path(config.effective_database_url.removeprefix("sqlite://"))
    if not config.effective_database_url.startswith("sqlite:") or path.exists():
        return None
    nearest = next(parent for parent in path.parents if parent.exists())
    writable = nearest.is_dir() and os.access(nearest, os.W_OK)
    problem = None if writable else f"{nearest} cannot be written"
    return Check("database", f"{path} (made at the first start)", problem)


async def _check_store(config: ServerConfig) -> Check:
    store = open_store(config.store_url)
    shown = redacted_url(config.store_url) if config.store_url else "memory"
    try:
        await store.ping()
    except StoreUnavailable as error:
        return Check("store", shown, str(error))
    finally:
        await store.close()
    return Check("store", shown, None)


async def create_relay_token(config: ServerConfig, name: str, *, country: str, city: str) -> "NewEnrolmentToken":
    """A token with which one relay may enrol once. Works before the first start too: the tables are made then.

    Raises ValueError (a name, country or city that cannot be), MigrationError, DatabaseDamaged, CannotReach.
    """
    from plg_server.services.nodes import create_enrolment_token

    make_data_dir(config)
    with told_when_unreachable(config):
        await migrate(config)
        database = await open_database(config)
        try:
            with database.active():
                return await create_enrolment_token(name, country=country, city=city)
        finally:
            await database.close()


def make_data_dir(config: ServerConfig) -> None:
    """The data directory, for its owner only: it holds the key that signs tokens. Raises ConfigError."""
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(f"data_dir {config.data_dir}: {error.strerror}") from error
