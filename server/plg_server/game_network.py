"""Makes everything about games, relays and sessions, and puts it under its keys. Called once, when the application starts."""

import contextlib
from datetime import timedelta

from aiohttp import web

from plg_server import app_keys
from plg_server.background import BackgroundJobs
from plg_server.config import ConfigError, ServerConfig
from plg_server.ids import utc_now
from plg_server.relay_control_client import RelayControl
from plg_server.services.admin_games import AdminGames
from plg_server.services.admin_nodes import AdminNodes
from plg_server.services.admin_sessions import AdminSessions
from plg_server.services.asked_game import AskedGames
from plg_server.services.benchmarks import BenchmarkService, forget_benchmarks
from plg_server.services.destination_rules import SystemResolver
from plg_server.services.game_catalog import GameCatalog, build_catalog
from plg_server.services.game_files import GameFileError, load_game_files
from plg_server.services.game_overrides import LOOK_INTERVAL_S, GameOverrides
from plg_server.services.game_search import GameSearch
from plg_server.services.peers import Peers
from plg_server.services.relay_addresses import RelayAddresses
from plg_server.services.relay_keys import rotate_due
from plg_server.services.relay_profiles import OwnAddresses, RelayProfiles
from plg_server.services.relay_state import RelayStates
from plg_server.services.route_matrix import RouteMatrices, forget_findings
from plg_server.services.route_reports import RouteService
from plg_server.services.session_ends import Revocations
from plg_server.services.sessions import SessionLimits, SessionService, expire_sessions
from plg_server.services.status_page import StatusPages
from plg_server.services.targets import TargetRules

ROTATION_INTERVAL = timedelta(hours=1)
"""Keys live for weeks; an hour later is in time."""

EXPIRY_INTERVAL = timedelta(minutes=1)

FORGETTING_INTERVAL = timedelta(hours=6)
"""What players found counts for two weeks, benchmarks for a quarter of a year: a few hours more are nothing."""


def load_catalog(config: ServerConfig) -> GameCatalog:
    """The games of this configuration. Raises ConfigError with one line that names file and line."""
    try:
        return build_catalog(load_game_files(config.games_file, allow_private=config.allow_private_targets))
    except GameFileError as error:
        raise ConfigError(str(error)) from error


async def open_game_network(app: web.Application, stack: contextlib.AsyncExitStack, jobs: BackgroundJobs) -> None:
    """Needs config, store, database and accounts in `app`. What must be closed goes on the stack. Raises ConfigError."""
    config = app[app_keys.CONFIG]
    # A catalogue of this application's own: operators' changes are taken into it while it runs.
    catalog = GameCatalog(load_catalog(config).profiles)
    resolver = SystemResolver()
    stack.callback(resolver.close)
    control = await stack.enter_async_context(RelayControl())
    revocations = Revocations(control)
    states = RelayStates(app[app_keys.STORE])
    own = OwnAddresses(config, resolver)
    targets = TargetRules(resolver, own.networks, allow_private=config.allow_private_targets)
    app[app_keys.REVOCATIONS] = revocations
    app[app_keys.CATALOG] = catalog
    app[app_keys.SEARCH] = GameSearch(catalog)
    overrides = GameOverrides(
        catalog, app[app_keys.SEARCH], config.games_file, allow_private=config.allow_private_targets
    )
    with app[app_keys.DATABASE].active():
        await overrides.look()
    app[app_keys.GAME_OVERRIDES] = overrides
    app[app_keys.ADMIN_GAMES] = AdminGames(overrides)
    app[app_keys.RELAY_STATES] = states
    app[app_keys.ADMIN_NODES] = AdminNodes(states, control, revocations)
    app[app_keys.STATUS_PAGES] = StatusPages(states, app[app_keys.CLOCK])
    app[app_keys.ADMIN_SESSIONS] = AdminSessions(revocations)
    app[app_keys.TARGETS] = targets
    addresses = RelayAddresses(resolver)
    matrices = RouteMatrices(states, addresses)
    asked = AskedGames(catalog, app[app_keys.SEARCH], targets)
    app[app_keys.ROUTE_MATRICES] = matrices
    app[app_keys.RELAY_PROFILES] = RelayProfiles(catalog, states, own, Peers(states, addresses))
    app[app_keys.ROUTES_TO_GAMES] = RouteService(asked, states, matrices, max_paths=config.max_paths)
    app[app_keys.SESSIONS] = SessionService(
        app[app_keys.ACCOUNTS],
        catalog,
        asked,
        states,
        matrices,
        targets,
        revocations,
        SessionLimits(config.max_paths, config.standby_exits),
    )
    app[app_keys.BENCHMARKS] = BenchmarkService(catalog, app[app_keys.SEARCH])
    jobs.every(LOOK_INTERVAL_S, "game_overrides", overrides.look)
    jobs.shared(ROTATION_INTERVAL, "rotate_ticket_keys", lambda: rotate_due(utc_now()))
    jobs.shared(EXPIRY_INTERVAL, "expire_sessions", lambda: expire_sessions(utc_now()))
    jobs.shared(FORGETTING_INTERVAL, "forget_findings", lambda: forget_findings(utc_now()))
    jobs.shared(FORGETTING_INTERVAL, "forget_benchmarks", lambda: forget_benchmarks(utc_now()))
