"""/account: how things stand."""

from dataclasses import dataclass

from aiohttp import web

from plg.contract.billing import SubscriptionState
from plg_server import app_keys
from plg_server.pages.account.frame import show
from plg_server.pages.page import Access, page
from plg_server.routes import Limit
from plg_server.services import devices, own_sessions, telegram_links


@dataclass(frozen=True)
class Step:
    """Something that a newcomer does once."""

    name: str
    done: bool


@page("GET", "/account", access=Access.SIGNED_IN, limit=Limit.READ)
async def dashboard(request: web.Request) -> web.Response:
    """Plan, devices, totals, what was gained, and what to do next."""
    app, identity = request.app, request[app_keys.IDENTITY]
    account_id, config = identity.account_id, app[app_keys.CONFIG]
    settings = await app[app_keys.ACCOUNT_CHANGES].describe(account_id)
    subscription = await app[app_keys.SUBSCRIPTIONS].describe(account_id)
    shown = app[app_keys.ACCOUNTS].describe(identity.account)
    telegram = await telegram_links.state(config.telegram, account_id)
    now = app[app_keys.CLOCK]()
    newest = await own_sessions.page_of(account_id, None, 5, 0, now)
    steps = []
    if settings.sends_mail:
        steps.append(Step("verify", settings.email_verified))
    if subscription.billing:
        steps.append(Step("plan", subscription.state is not SubscriptionState.NONE))
    steps.append(Step("download", newest.total > 0))
    if telegram.bot is not None:
        steps.append(Step("telegram", telegram.linked_at is not None))
    return show(
        request,
        "account/dashboard.html",
        account=shown,
        subscription=subscription,
        device_count=(await devices.devices(account_id, identity.sign_in_id, 1, 0)).total,
        gain=await own_sessions.measured_gain(account_id),
        enough=own_sessions.ENOUGH_SESSIONS,
        newest=newest.sessions,
        steps=steps if not all(step.done for step in steps) else [],
    )


PAGES = (dashboard,)
