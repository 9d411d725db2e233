"""Makes everything about plans and money, and puts it under its keys. Called once, when the application starts."""

import contextlib

import aiohttp
from aiohttp import web

from plg_server import app_keys
from plg_server.background import BackgroundJobs
from plg_server.billing_config import BillingConfig
from plg_server.config import ServerConfig
from plg_server.jobs import outcome_fair
from plg_server.jobs.provider_polling import TICK_S, ProviderPolling
from plg_server.providers.cryptomus import Cryptomus
from plg_server.providers.donatepay import DonatePay
from plg_server.providers.http_calls import provider_http
from plg_server.providers.robokassa import Robokassa
from plg_server.providers.stripe_checkout import StripeCheckout
from plg_server.services.checkouts import Checkouts
from plg_server.services.codes import Codes
from plg_server.services.payment_facts import PaymentProvider, PolledProvider
from plg_server.services.plans import seed_plans
from plg_server.services.subscriptions import Subscriptions


async def open_billing(app: web.Application, stack: contextlib.AsyncExitStack, jobs: BackgroundJobs) -> None:
    """Needs config, clock, store and an open database in `app`. What must be closed goes on the stack."""
    config = app[app_keys.CONFIG]
    clock = app[app_keys.CLOCK]
    with app[app_keys.DATABASE].active():
        await seed_plans()
    app[app_keys.SUBSCRIPTIONS] = subscriptions = Subscriptions(config, clock, app[app_keys.KEPT_PERSONS])
    app[app_keys.CODES] = Codes(subscriptions, app[app_keys.STORE], clock)
    providers: dict[str, PaymentProvider] = {}
    polled: dict[str, PolledProvider] = {}
    if config.billing.on:
        http = await stack.enter_async_context(provider_http())
        polled = polled_providers(config.billing, http)
        providers = {**polled, **notified_providers(config, http)}
    app[app_keys.PROVIDERS] = providers
    app[app_keys.CHECKOUTS] = Checkouts(subscriptions, providers, clock)
    if polled:
        jobs.every(TICK_S, "poll_providers", ProviderPolling(polled, clock).tick)
    if config.billing.outcome_fair:
        jobs.shared(outcome_fair.EVERY, "outcome_fair", outcome_fair.OutcomeFairDays(clock).tick)


def polled_providers(config: BillingConfig, http: aiohttp.ClientSession) -> dict[str, PolledProvider]:
    """Those that are set up and whose list is asked."""
    return {"donatepay": DonatePay(config, http)} if config.donatepay_key is not None else {}


def notified_providers(config: ServerConfig, http: aiohttp.ClientSession) -> dict[str, PaymentProvider]:
    """Those that are set up and whose signed notices are believed."""
    billing = config.billing
    providers: list[PaymentProvider] = []
    if billing.robokassa_login is not None:
        providers.append(Robokassa(billing))
    if billing.stripe_key is not None:
        providers.append(StripeCheckout(billing, http))
    if billing.cryptomus_merchant is not None:
        providers.append(Cryptomus(billing, config.public_url, http))
    return {provider.name: provider for provider in providers}
