"""/admin/subscriptions: who has which plan until when; supporters may change it too."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_subscriptions import (
    Account,
    CancelRequest,
    DaysToGive,
    ExtendRequest,
    ListedState,
    Reason,
    SetPlanRequest,
    SubscriptionChange,
    SubscriptionQuery,
    TakeBackRequest,
)
from plg.contract.schema import Identifier, Request, Slug
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.subscriptions import SubscriberPath
from plg_server.ids import new_id
from plg_server.pages.admin.acts import ActForm, Trial, ask_once_more, changed_facts, said
from plg_server.pages.admin.lists import Day, day_begins, paging
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.routes import Limit
from plg_server.services.admin_plans import plans
from plg_server.services.admin_subscriptions import AdminSubscriptions, subscription_file, subscriptions


class SubscriptionsQuery(Request, frozen=True, kw_only=True):
    """As the API's, with a day for a moment."""

    plan: Slug | None = None
    state: ListedState | None = None
    account: Account | None = None
    ends_before: Day | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class ExtendForm(ActForm, frozen=True, kw_only=True):
    """Days, and why: the account's owner reads it. `key` makes a form that is sent twice give them once."""

    days: DaysToGive
    reason: Reason
    plan: Slug | None = None
    key: Identifier


class SetPlanForm(ActForm, frozen=True, kw_only=True):
    """Another plan for the days that are left."""

    plan: Slug
    reason: Reason
    endless: bool = False


class CancelForm(ActForm, frozen=True, kw_only=True):
    """Why, in words for the account's owner."""

    reason: Reason


class TakeBackForm(ActForm, frozen=True, kw_only=True):
    """Which days."""

    grant_id: Identifier
    reason: Reason


@page("GET", "/admin/subscriptions", access=Access.SUPPORT, limit=Limit.READ, query=SubscriptionsQuery)
async def subscriptions_page(request: web.Request, query: SubscriptionsQuery) -> web.Response:
    """Who loses their plan first stands first."""
    wanted = SubscriptionQuery(
        plan=query.plan,
        state=query.state,
        account=query.account,
        ends_before=day_begins(query.ends_before),
        limit=query.limit,
        offset=query.offset,
    )
    found = await subscriptions(wanted, request.app[app_keys.CONFIG], request.app[app_keys.CLOCK]())
    return render(
        request,
        "admin/subscriptions.html",
        rows=found.subscriptions,
        query=query,
        paging=paging(query, found),
        plan_names=[plan.name for plan in (await plans()).plans],
    )


@page("GET", "/admin/subscriptions/{account}", access=Access.SUPPORT, limit=Limit.READ, path=SubscriberPath)
async def subscription_page(request: web.Request, path: SubscriberPath) -> web.Response:
    """One account's days with their reasons, and what may be done about them."""
    config, now = request.app[app_keys.CONFIG], request.app[app_keys.CLOCK]()
    file = await subscription_file(path.account, config, now)
    names = [plan.name for plan in (await plans()).plans]
    return render(request, "admin/subscription.html", file=file, row=file.subscription, plan_names=names, key=new_id())


@page(
    "POST",
    "/admin/subscriptions/{account}/extend",
    access=Access.SUPPORT,
    limit=Limit.WRITE,
    path=SubscriberPath,
    form=ExtendForm,
    shown_again=subscription_page,
)
async def extend_subscription(request: web.Request, path: SubscriberPath, form: ExtendForm) -> web.StreamResponse:
    """Give days."""
    wanted = ExtendRequest(days=form.days, reason=form.reason, plan=form.plan, key=form.key, dry_run=form.dry_run)
    done = await _acts(request).extend(path.account, wanted)
    return _next(request, done, N_("Give days to {email}?"), N_("Give the days"), harmless=True)


@page(
    "POST",
    "/admin/subscriptions/{account}/plan",
    access=Access.SUPPORT,
    limit=Limit.WRITE,
    path=SubscriberPath,
    form=SetPlanForm,
    shown_again=subscription_page,
)
async def set_subscription_plan(request: web.Request, path: SubscriberPath, form: SetPlanForm) -> web.StreamResponse:
    """Another plan."""
    wanted = SetPlanRequest(plan=form.plan, reason=form.reason, endless=form.endless, dry_run=form.dry_run)
    done = await _acts(request).set_plan(path.account, wanted)
    return _next(request, done, N_("Another plan for {email}?"), N_("Set the plan"))


@page(
    "POST",
    "/admin/subscriptions/{account}/cancel",
    access=Access.SUPPORT,
    limit=Limit.WRITE,
    path=SubscriberPath,
    form=CancelForm,
    shown_again=subscription_page,
)
async def cancel_subscription(request: web.Request, path: SubscriberPath, form: CancelForm) -> web.StreamResponse:
    """Cancel for somebody who asked for it."""
    done = await _acts(request).cancel(path.account, CancelRequest(reason=form.reason, dry_run=form.dry_run))
    return _next(request, done, N_("Cancel the subscription of {email}?"), N_("Cancel the subscription"))


@page(
    "POST",
    "/admin/subscriptions/{account}/take-back",
    access=Access.SUPPORT,
    limit=Limit.WRITE,
    path=SubscriberPath,
    form=TakeBackForm,
    shown_again=subscription_page,
)
async def take_days_back(request: web.Request, path: SubscriberPath, form: TakeBackForm) -> web.StreamResponse:
    """Days that were given by mistake."""
    wanted = TakeBackRequest(grant_id=form.grant_id, reason=form.reason, dry_run=form.dry_run)
    done = await _acts(request).take_back(path.account, wanted)
    return _next(request, done, N_("Take days back from {email}?"), N_("Take them back"))


def _acts(request: web.Request) -> AdminSubscriptions:
    return AdminSubscriptions(request.app[app_keys.CONFIG], actor_of(request), request.app[app_keys.CLOCK]())


def _next(
    request: web.Request, done: SubscriptionChange, title: str, button: str, *, harmless: bool = False
) -> web.StreamResponse:
    back = f"/admin/subscriptions/{done.after.account_id}"
    if not done.dry_run:
        return go(request, back, note="saved")
    before, after = done.before, done.after
    facts = changed_facts(
        request,
        [
            (N_("State"), before.state, after.state),
            (N_("Plan"), before.plan, after.plan),
            (N_("Ends"), before.ends_at, after.ends_at),
            (N_("Days left"), before.days_left, after.days_left),
            (N_("Sessions at once"), before.max_sessions, after.max_sessions),
            (N_("Cancelled"), _yes(request, flag=before.cancelled), _yes(request, flag=after.cancelled)),
        ],
    )
    shown_title = said(request, title, email=after.email)
    return ask_once_more(request, Trial(shown_title, said(request, button), back, facts, harmless=harmless))


def _yes(request: web.Request, *, flag: bool) -> str:
    return said(request, N_("yes") if flag else N_("no"))


PAGES = (
    subscriptions_page,
    subscription_page,
    extend_subscription,
    set_subscription_plan,
    cancel_subscription,
    take_days_back,
)
