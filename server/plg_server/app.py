"""The application: everything is made here, handed around by typed keys, and closed here."""

import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import msgspec
import structlog
from aiohttp import web

from plg_server import app_keys
from plg_server.authentication import account_authenticators
from plg_server.background import BackgroundJobs
from plg_server.billing_network import open_billing
from plg_server.bodies import BODY_LIMIT_BYTES
from plg_server.config import ServerConfig
from plg_server.database import Database, open_database
from plg_server.game_network import open_game_network
from plg_server.handlers import (
    account_changes,
    accounts,
    api_tokens,
    benchmarks,
    billing,
    codes,
    csp_reports,
    devices,
    docs,
    games,
    health,
    nodes,
    payments,
    personal_data,
    relays,
    routes_to_games,
    sessions,
    site_files,
    status_page,
    telegram,
    totp,
)
from plg_server.handlers.admin import audit as admin_audit
from plg_server.handlers.admin import benchmarks as admin_benchmarks
from plg_server.handlers.admin import claim as admin_claim
from plg_server.handlers.admin import codes as admin_codes
from plg_server.handlers.admin import games as admin_games
from plg_server.handlers.admin import incidents as admin_incidents
from plg_server.handlers.admin import nodes as admin_nodes
from plg_server.handlers.admin import payments as admin_payments
from plg_server.handlers.admin import plans as admin_plans
from plg_server.handlers.admin import sessions as admin_sessions
from plg_server.handlers.admin import stats as admin_stats
from plg_server.handlers.admin import subscriptions as admin_subscriptions
from plg_server.handlers.admin import tokens as admin_tokens
from plg_server.handlers.admin import users as admin_users
from plg_server.ids import utc_now
from plg_server.mail_network import make_email_verification, open_mail
from plg_server.metrics import Metrics
from plg_server.middlewares import MIDDLEWARES, served
from plg_server.openapi import openapi_document
from plg_server.operator_tasks import make_data_dir
from plg_server.pages.serving import add_pages
from plg_server.periodic_work import start_periodic_work
from plg_server.rate_limits import RateLimiter
from plg_server.relay_authentication import relay_authenticators
from plg_server.routes import Auth, Authenticator, Route
from plg_server.schema_migration import migrate
from plg_server.services.account_deletion import AccountDeletion
from plg_server.services.accounts import AccountService
from plg_server.services.browser_sessions import BrowserSessions
from plg_server.services.form_tokens import FormTokens
from plg_server.services.kept_persons import KeptPersons
from plg_server.services.leases import Leases
from plg_server.services.mail_codes import MailCodes
from plg_server.services.passwords import Passwords
from plg_server.services.releases import Releases
from plg_server.services.signing_key import TELL_EVERY_S, SigningKey
from plg_server.services.tokens import AccessTokens, load_token_secret
from plg_server.services.totp import SecondFactors
from plg_server.store import Store, StoreUnavailable, open_store


def all_routes() -> tuple[Route, ...]:
    """Every operation of the server, in the order of the documentation."""
    subjects = (
        accounts,
        account_changes,
        totp,
        devices,
        api_tokens,
        personal_data,
        telegram,
        billing,
        codes,
        payments,
        games,
        nodes,
        routes_to_games,
        sessions,
        benchmarks,
        relays,
        status_page,
        admin_users,
        admin_stats,
        admin_subscriptions,
        admin_payments,
        admin_plans,
        admin_codes,
        admin_nodes,
        admin_incidents,
        admin_games,
        admin_sessions,
        admin_benchmarks,
        admin_tokens,
        admin_audit,
        admin_claim,
        health,
        docs,
        csp_reports,
        site_files,
    )
    return tuple(route for subject in subjects for route in subject.ROUTES)


@functools.cache
def described(public_url: str | None) -> bytes:
    """The OpenAPI document as it is served; made once in a process, for it takes as long as all the rest of a start."""
    return msgspec.json.encode(openapi_document(all_routes(), public_url))


def authenticators() -> dict[Auth, Authenticator]:
    """The check for each kind of route."""
    return {**account_authenticators(), **relay_authenticators()}


def create_app(config: ServerConfig, clock: Callable[[], datetime] = utc_now) -> web.Application:
    """The server for this configuration. Starting it migrates and opens the database; cleaning it up closes everything.

    `clock` is the time that plans and payments go by.
    """
    app = web.Application(middlewares=MIDDLEWARES, client_max_size=BODY_LIMIT_BYTES)
    routes = all_routes()
    checks = authenticators()
    app[app_keys.CONFIG] = config
    app[app_keys.CLOCK] = clock
    app[app_keys.METRICS] = Metrics()
    app[app_keys.RELEASES] = Releases(config.site.releases_folder)
    app[app_keys.AUTHENTICATORS] = checks
    app[app_keys.OPENAPI] = described(config.public_url)
    for route in routes:
        if route.auth not in checks:
            raise TypeError(f"{route.method} {route.url}: nobody can check {route.auth}")
        app.router.add_route(route.method, route.url, served(route))
    add_pages(app)
    app.cleanup_ctx.append(_resources)
    return app


async def _resources(app: web.Application) -> AsyncIterator[None]:
    """Open in the order of need, close in reverse, also when a later one fails to open."""
    config = app[app_keys.CONFIG]
    async with contextlib.AsyncExitStack() as stack:
        make_data_dir(config)
        secret = load_token_secret(config.token_secret, config.data_dir)
        await migrate(config)
        app[app_keys.DATABASE] = await open_database(config)
        stack.push_async_callback(app[app_keys.DATABASE].close)
        # Opens the connection here and not in a background job: one that is cancelled while opening would leave a thread.
        await app[app_keys.DATABASE].ping()
        app[app_keys.STORE] = open_store(config.store_url)
        stack.push_async_callback(app[app_keys.STORE].close)
        await _tell_about_store(app[app_keys.STORE], app[app_keys.DATABASE])
        signing_key = SigningKey(app[app_keys.STORE], secret)
        stack.push_async_callback(signing_key.end)
        await signing_key.begin()
        app[app_keys.RATE_LIMITER] = RateLimiter(config, app[app_keys.METRICS])
        stack.push_async_callback(app[app_keys.RATE_LIMITER].close)
        passwords = Passwords(config.password_workers)
        stack.callback(passwords.close)
        app[app_keys.SECOND_FACTORS] = SecondFactors(secret, app[app_keys.CLOCK])
        app[app_keys.KEPT_PERSONS] = KeptPersons(secret)
        mail_codes = MailCodes(secret)
        app[app_keys.ACCOUNTS] = AccountService(
            config,
            passwords,
            AccessTokens(secret, config.access_token_minutes * 60),
            app[app_keys.SECOND_FACTORS],
            app[app_keys.CLOCK],
            on_register=make_email_verification(app, mail_codes).begin,
        )
        app[app_keys.BROWSER_SESSIONS] = BrowserSessions(
            app[app_keys.ACCOUNTS], timedelta(days=config.refresh_token_days), app[app_keys.CLOCK]
        )
        app[app_keys.FORM_TOKENS] = FormTokens(secret)
        app[app_keys.LEASES] = leases = Leases(app[app_keys.CLOCK])
        jobs = await stack.enter_async_context(BackgroundJobs(app[app_keys.DATABASE], app[app_keys.METRICS], leases))
        await open_game_network(app, stack, jobs)
        app[app_keys.ACCOUNT_DELETION] = AccountDeletion(
            app[app_keys.SECOND_FACTORS], app[app_keys.KEPT_PERSONS], app[app_keys.REVOCATIONS], app[app_keys.CLOCK]
        )
        await open_billing(app, stack, jobs)
        open_mail(app, mail_codes, passwords, jobs)
        start_periodic_work(app, jobs)
        jobs.every(TELL_EVERY_S, "tell_signing_key", signing_key.tick)
        yield


async def _tell_about_store(store: Store, database: Database) -> None:
    """A store that is away does not stop the start: it may come later, and until then `/readyz` says so too."""
    if store.kind == "memory" and not database.is_sqlite:
        # Right for one server; a second one would not hear the relays that speak to this one.
        structlog.get_logger().warning("store_in_memory", hint="several servers over one database need store_url")
    try:
        await store.ping()
    except StoreUnavailable as error:
        structlog.get_logger().warning("store_unavailable", reason=str(error))
