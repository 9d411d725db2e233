"""Makes everything about plans and money, and puts it under its keys. Called once, when the application starts."""

from aiohttp import web

from plg_server import app_keys
from plg_server.services.codes import Codes
from plg_server.services.plans import seed_plans
from plg_server.services.subscriptions import Subscriptions


async def open_billing(app: web.Application) -> None:
    """Needs config, clock, store and an open database in `app`."""
    config = app[app_keys.CONFIG]
    with app[app_keys.DATABASE].active():
        await seed_plans()
    clock = app[app_keys.CLOCK]
    app[app_keys.SUBSCRIPTIONS] = subscriptions = Subscriptions(config, clock)
    app[app_keys.CODES] = Codes(subscriptions, app[app_keys.STORE], clock)
