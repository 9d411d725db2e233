"""Typed keys: what the application holds, and what a request carries."""

from aiohttp import web

from plg_server.config import ServerConfig
from plg_server.database import Database
from plg_server.metrics import Metrics
from plg_server.rate_limits import RateLimiter
from plg_server.routes import Auth, Authenticator, Route
from plg_server.services.accounts import AccountService, Identity
from plg_server.store import Store

CONFIG = web.AppKey("config", ServerConfig)
DATABASE = web.AppKey("database", Database)
STORE = web.AppKey("store", Store)
ACCOUNTS = web.AppKey("accounts", AccountService)
AUTHENTICATORS = web.AppKey("authenticators", dict[Auth, Authenticator])
RATE_LIMITER = web.AppKey("rate_limiter", RateLimiter)
METRICS = web.AppKey("metrics", Metrics)
OPENAPI = web.AppKey("openapi", bytes)
ROUTES = web.AppKey("routes", dict[str, Route])

REQUEST_ID = web.RequestKey("request_id", str)
CLIENT_ADDRESS = web.RequestKey("client_address", str)
IDENTITY = web.RequestKey("identity", Identity)
