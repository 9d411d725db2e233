"""What the bot stands on: the server's database, store, games and plans, opened by a process of its own."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tortoise.exceptions import OperationalError

from plg_server import game_network
from plg_server.billing_network import notified_providers, polled_providers
from plg_server.config import ServerConfig
from plg_server.database import Database, open_database
from plg_server.ids import utc_now
from plg_server.models.telegram import RelayAlert
from plg_server.operator_tasks import CannotReach, told_when_unreachable
from plg_server.providers.http_calls import provider_http
from plg_server.services.checkouts import Checkouts
from plg_server.services.game_catalog import GameCatalog
from plg_server.services.game_overrides import GameOverrides
from plg_server.services.game_search import GameSearch
from plg_server.services.leases import Leases
from plg_server.services.relay_state import RelayStates
from plg_server.services.subscriptions import Subscriptions
from plg_server.store import MemoryStore, Store, open_store

if TYPE_CHECKING:
    from plg_server.services.payment_facts import PaymentProvider


@dataclass(frozen=True)
class BotWorld:
    """Made by `open_world`. `states` is None where the store is the server's own memory: then only the database knows of relays."""

    config: ServerConfig
    clock: Callable[[], datetime]
    database: Database
    store: Store
    leases: Leases
    catalog: GameCatalog
    search: GameSearch
    overrides: GameOverrides
    states: RelayStates | None
    subscriptions: Subscriptions
    checkouts: Checkouts


@contextlib.asynccontextmanager
async def open_world(config: ServerConfig, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[BotWorld]:
    """Open it; everything is closed when the block ends.

    The server makes and migrates the tables, not the bot. Raises CannotReach (also for a database that the server has not brought up to
    date) and ConfigError.
    """
    async with contextlib.AsyncExitStack() as stack:
        database = await _server_database(config, stack)
        store = open_store(config.store_url)
        stack.push_async_callback(store.close)
        catalog = GameCatalog(game_network.load_catalog(config).profiles)
        search = GameSearch(catalog)
        overrides = GameOverrides(catalog, search, config.games_file, allow_private=config.allow_private_targets)
        with database.active(), told_when_unreachable(config):
            await overrides.look()
        subscriptions = Subscriptions(config, clock)
        providers: dict[str, PaymentProvider] = {}
        if config.billing.on:
            http = await stack.enter_async_context(provider_http())
            providers = {**polled_providers(config.billing, http), **notified_providers(config, http)}
        yield BotWorld(
            config=config,
            clock=clock,
            database=database,
            store=store,
            leases=Leases(clock),
            catalog=catalog,
            search=search,
            overrides=overrides,
            states=None if isinstance(store, MemoryStore) else RelayStates(store),
            subscriptions=subscriptions,
            checkouts=Checkouts(subscriptions, providers, clock),
        )


async def _server_database(config: ServerConfig, stack: contextlib.AsyncExitStack) -> Database:
    unmade = Database(config)
    if unmade.is_sqlite and not unmade.sqlite_path.exists():
        raise _without_server(unmade)
    with told_when_unreachable(config):
        database = await open_database(config)
        stack.push_async_callback(database.close)
        await database.ping()
        try:
            with database.active():
                await RelayAlert.exists()
        except OperationalError as error:
            if database.is_unavailable(error):
                raise
            raise _without_server(database) from error
    return database


def _without_server(database: Database) -> CannotReach:
    return CannotReach(
        f"the database {database.shown_url} is not that of a server of this version: start it first (plg server run)"
    )
