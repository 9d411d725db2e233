"""/v1/admin/subscriptions: who has which plan, and changing that."""

from aiohttp import web

from plg.contract.admin_subscriptions import (
    Account,
    CancelRequest,
    ExtendRequest,
    SetPlanRequest,
    SubscriptionChange,
    SubscriptionFile,
    SubscriptionList,
    SubscriptionQuery,
    TakeBackRequest,
)
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.routes import Auth, Limit, route
from plg_server.services.admin_subscriptions import AdminSubscriptions, subscription_file, subscriptions


class SubscriberPath(Request, frozen=True, kw_only=True):
    """An account, by its id or e-mail address."""

    account: Account


def _acts(request: web.Request) -> AdminSubscriptions:
    return AdminSubscriptions(request.app[app_keys.CONFIG], actor_of(request), request.app[app_keys.CLOCK]())


@route(
    "GET",
    "/v1/admin/subscriptions",
    query=SubscriptionQuery,
    answer=SubscriptionList,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
    errors=(ErrorCode.NOT_FOUND,),
)
async def list_subscriptions(request: web.Request, query: SubscriptionQuery) -> SubscriptionList:
    """Accounts by plan, state and end; who loses their plan first stands first."""
    return await subscriptions(query, request.app[app_keys.CONFIG], request.app[app_keys.CLOCK]())


@route(
    "GET",
    "/v1/admin/subscriptions/{account}",
    path=SubscriberPath,
    answer=SubscriptionFile,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def show_subscription(request: web.Request, path: SubscriberPath) -> SubscriptionFile:
    """One account's subscription with everything that was given, taken back and paid."""
    return await subscription_file(path.account, request.app[app_keys.CONFIG], request.app[app_keys.CLOCK]())


@route(
    "POST",
    "/v1/admin/subscriptions/{account}/extend",
    path=SubscriberPath,
    body=ExtendRequest,
    answer=SubscriptionChange,
    auth=Auth.SUPPORT,
    limit=Limit.WRITE,
    errors=(ErrorCode.PLAN_NOT_FOUND, ErrorCode.NOTHING_TO_CHANGE),
)
async def extend_subscription(request: web.Request, path: SubscriberPath, body: ExtendRequest) -> SubscriptionChange:
    """Give days for a reason that the account's owner reads in their history."""
    return await _acts(request).extend(path.account, body)


@route(
    "POST",
    "/v1/admin/subscriptions/{account}/plan",
    path=SubscriberPath,
    body=SetPlanRequest,
    answer=SubscriptionChange,
    auth=Auth.SUPPORT,
    limit=Limit.WRITE,
    errors=(ErrorCode.PLAN_NOT_FOUND, ErrorCode.NOTHING_TO_CHANGE),
)
async def set_subscription_plan(request: web.Request, path: SubscriberPath, body: SetPlanRequest) -> SubscriptionChange:
    """Another plan for the days that are left, or one without an end."""
    return await _acts(request).set_plan(path.account, body)


@route(
    "POST",
    "/v1/admin/subscriptions/{account}/cancel",
    path=SubscriberPath,
    body=CancelRequest,
    answer=SubscriptionChange,
    auth=Auth.SUPPORT,
    limit=Limit.WRITE,
    errors=(ErrorCode.NOTHING_TO_CANCEL,),
)
async def cancel_subscription(request: web.Request, path: SubscriberPath, body: CancelRequest) -> SubscriptionChange:
    """Cancel for somebody who asked for it; the plan works until its end."""
    return await _acts(request).cancel(path.account, body)


@route(
    "POST",
    "/v1/admin/subscriptions/{account}/take-back",
    path=SubscriberPath,
    body=TakeBackRequest,
    answer=SubscriptionChange,
    auth=Auth.SUPPORT,
    limit=Limit.WRITE,
    errors=(ErrorCode.NOTHING_TO_CHANGE,),
)
async def take_days_back(request: web.Request, path: SubscriberPath, body: TakeBackRequest) -> SubscriptionChange:
    """Take back days that were given by mistake; never those of a payment."""
    return await _acts(request).take_back(path.account, body)


ROUTES = (
    list_subscriptions,
    show_subscription,
    extend_subscription,
    set_subscription_plan,
    cancel_subscription,
    take_days_back,
)
