"""Typed keys: what the application holds, and what a request carries."""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from plg_server.config import ServerConfig
from plg_server.database import Database
from plg_server.jobs.outbox_sending import OutboxSending
from plg_server.metrics import Metrics
from plg_server.models.nodes import Node
from plg_server.rate_limits import RateLimiter
from plg_server.routes import Auth, Authenticator, Route
from plg_server.services.account_changes import AccountChanges
from plg_server.services.account_deletion import AccountDeletion
from plg_server.services.accounts import AccountService, Identity
from plg_server.services.admin_games import AdminGames
from plg_server.services.admin_nodes import AdminNodes
from plg_server.services.admin_sessions import AdminSessions
from plg_server.services.benchmarks import BenchmarkService
from plg_server.services.browser_sessions import BrowserSessions
from plg_server.services.checkouts import Checkouts
from plg_server.services.codes import Codes
from plg_server.services.email_verification import EmailVerification
from plg_server.services.form_tokens import FormTokens
from plg_server.services.game_catalog import GameCatalog
from plg_server.services.game_overrides import GameOverrides
from plg_server.services.game_search import GameSearch
from plg_server.services.kept_persons import KeptPersons
from plg_server.services.leases import Leases
from plg_server.services.password_reset import PasswordReset
from plg_server.services.payment_facts import PaymentProvider
from plg_server.services.relay_profiles import RelayProfiles
from plg_server.services.relay_state import RelayStates
from plg_server.services.releases import Releases
from plg_server.services.route_matrix import RouteMatrices
from plg_server.services.route_reports import RouteService
from plg_server.services.session_ends import Revocations
from plg_server.services.sessions import SessionService
from plg_server.services.status_page import StatusPages
from plg_server.services.subscriptions import Subscriptions
from plg_server.services.targets import TargetRules
from plg_server.services.totp import SecondFactors
from plg_server.store import Store

CONFIG = web.AppKey("config", ServerConfig)
CLOCK: web.AppKey[Callable[[], datetime]] = web.AppKey("clock")
DATABASE = web.AppKey("database", Database)
STORE = web.AppKey("store", Store)
LEASES = web.AppKey("leases", Leases)
ACCOUNTS = web.AppKey("accounts", AccountService)
ACCOUNT_CHANGES = web.AppKey("account_changes", AccountChanges)
BROWSER_SESSIONS = web.AppKey("browser_sessions", BrowserSessions)
FORM_TOKENS = web.AppKey("form_tokens", FormTokens)
EMAIL_VERIFICATION = web.AppKey("email_verification", EmailVerification)
PASSWORD_RESET = web.AppKey("password_reset", PasswordReset)
OUTBOX_SENDING = web.AppKey("outbox_sending", OutboxSending)
SECOND_FACTORS = web.AppKey("second_factors", SecondFactors)
KEPT_PERSONS = web.AppKey("kept_persons", KeptPersons)
ACCOUNT_DELETION = web.AppKey("account_deletion", AccountDeletion)
CATALOG = web.AppKey("catalog", GameCatalog)
SEARCH = web.AppKey("search", GameSearch)
GAME_OVERRIDES = web.AppKey("game_overrides", GameOverrides)
ADMIN_GAMES = web.AppKey("admin_games", AdminGames)
ADMIN_NODES = web.AppKey("admin_nodes", AdminNodes)
ADMIN_SESSIONS = web.AppKey("admin_sessions", AdminSessions)
RELEASES = web.AppKey("releases", Releases)
RELAY_STATES = web.AppKey("relay_states", RelayStates)
STATUS_PAGES = web.AppKey("status_pages", StatusPages)
RELAY_PROFILES = web.AppKey("relay_profiles", RelayProfiles)
TARGETS = web.AppKey("targets", TargetRules)
ROUTE_MATRICES = web.AppKey("route_matrices", RouteMatrices)
ROUTES_TO_GAMES = web.AppKey("routes_to_games", RouteService)
BENCHMARKS = web.AppKey("benchmarks", BenchmarkService)
SESSIONS = web.AppKey("sessions", SessionService)
REVOCATIONS = web.AppKey("revocations", Revocations)
CODES = web.AppKey("codes", Codes)
PROVIDERS = web.AppKey("providers", dict[str, PaymentProvider])
CHECKOUTS = web.AppKey("checkouts", Checkouts)
SUBSCRIPTIONS = web.AppKey("subscriptions", Subscriptions)
AUTHENTICATORS = web.AppKey("authenticators", dict[Auth, Authenticator])
RATE_LIMITER = web.AppKey("rate_limiter", RateLimiter)
METRICS = web.AppKey("metrics", Metrics)
OPENAPI = web.AppKey("openapi", bytes)
ROUTES = web.AppKey("routes", dict[str, Route])

REQUEST_ID = web.RequestKey("request_id", str)
CLIENT_ADDRESS = web.RequestKey("client_address", str)
IDENTITY = web.RequestKey("identity", Identity)
RELAY = web.RequestKey("relay", Node)
