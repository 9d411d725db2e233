"""/account/plan: what is had, what may be had, codes, setting out to pay, cancelling."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.billing import CheckoutRequest, CodeText
from plg.contract.schema import Request, Slug
from plg_server import app_keys
from plg_server.ids import EntityId
from plg_server.pages.account.frame import show
from plg_server.pages.language import N_, translated
from plg_server.pages.page import Access, NoFields, page
from plg_server.pages.qr_codes import qr_code
from plg_server.pages.rendering import go
from plg_server.pages.visitor import visitor_of
from plg_server.routes import Limit

PAY_HERE = N_("The address of the payment's page, for your phone")


class CodeForm(Request, frozen=True, kw_only=True):
    """A promo, gift or friend's code."""

    code: CodeText


class PayForm(Request, frozen=True, kw_only=True):
    """Which plan, and which way to pay in which currency: "stripe:USD"."""

    plan: Slug
    way: Annotated[str, Meta(max_length=70, pattern=r"^[a-z0-9-]{1,64}:[A-Z]{3}$")]


class CheckoutPath(Request, frozen=True):
    """A payment that the visitor set out to make."""

    checkout_id: EntityId


@page("GET", "/account/plan", access=Access.SIGNED_IN, limit=Limit.READ)
async def plan_page(request: web.Request) -> web.Response:
    """The subscription, the offers and the ways to pay."""
    app, account_id = request.app, request[app_keys.IDENTITY].account_id
    subscription = await app[app_keys.SUBSCRIPTIONS].describe(account_id)
    offers = await app[app_keys.SUBSCRIPTIONS].offers()
    providers = app[app_keys.CHECKOUTS].offers() if subscription.billing else []
    payable = {currency for provider in providers for currency in provider.currencies}
    return show(
        request,
        "account/plan.html",
        subscription=subscription,
        offers=[offer for offer in offers if any(price.currency in payable for price in offer.prices)],
        payable=payable,
        trial=next((offer for offer in offers if offer.is_trial), None),
        providers=providers,
        waiting=await app[app_keys.CHECKOUTS].waiting(account_id),
    )


@page("POST", "/account/plan/trial", access=Access.SIGNED_IN, limit=Limit.WRITE, form=NoFields, shown_again=plan_page)
async def begin_trial(request: web.Request, form: NoFields) -> web.Response:  # noqa: ARG001 - declared, and empty
    """Take the trial, once for each person."""
    identity = request[app_keys.IDENTITY]
    request.app[app_keys.EMAIL_VERIFICATION].refuse_unverified(identity.account)
    await request.app[app_keys.SUBSCRIPTIONS].start_trial(identity.account_id)
    return go(request, "/account/plan", note="trial_begun")


@page("POST", "/account/plan/code", access=Access.SIGNED_IN, limit=Limit.CODE, form=CodeForm, shown_again=plan_page)
async def use_code(request: web.Request, form: CodeForm) -> web.Response:
    """Use a code."""
    await request.app[app_keys.CODES].redeem(request[app_keys.IDENTITY].account_id, form.code)
    return go(request, "/account/plan", note="code_used")


@page("POST", "/account/plan/cancel", access=Access.SIGNED_IN, limit=Limit.WRITE, form=NoFields, shown_again=plan_page)
async def cancel_plan(request: web.Request, form: NoFields) -> web.Response:  # noqa: ARG001 - declared, and empty
    """Cancel; what was paid works to its end."""
    await request.app[app_keys.SUBSCRIPTIONS].cancel(request[app_keys.IDENTITY].account_id)
    return go(request, "/account/plan", note="plan_cancelled")


@page("POST", "/account/plan/pay", access=Access.SIGNED_IN, limit=Limit.WRITE, form=PayForm, shown_again=plan_page)
async def set_out_to_pay(request: web.Request, form: PayForm) -> web.Response:
    """Fix the price and ask the provider where to pay."""
    provider, _, currency = form.way.partition(":")
    wish = CheckoutRequest(plan=form.plan, provider=provider, currency=currency)
    begun = await request.app[app_keys.CHECKOUTS].start(request[app_keys.IDENTITY].account_id, wish)
    return go(request, f"/account/checkouts/{begun.id}")


@page("GET", "/account/checkouts/{checkout_id}", access=Access.SIGNED_IN, limit=Limit.READ, path=CheckoutPath)
async def checkout_page(request: web.Request, path: CheckoutPath) -> web.Response:
    """What to pay and where, and whether it has come."""
    own = await request.app[app_keys.CHECKOUTS].own(request[app_keys.IDENTITY].account_id, path.checkout_id)
    label = translated(visitor_of(request).language, PAY_HERE)
    return show(
        request,
        "account/checkout.html",
        begun=own,
        checkout=own.checkout,
        state="paid" if own.is_paid else "over" if own.is_over else "waiting",
        qr="" if own.is_paid or own.is_over else qr_code(own.checkout.link, label),
    )


PAGES = (plan_page, begin_trial, use_code, cancel_plan, set_out_to_pay, checkout_page)
