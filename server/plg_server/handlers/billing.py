"""/v1/plans, /v1/subscription and /v1/payments."""

from aiohttp import web

from plg.contract.billing import PaymentPage, PaymentQuery, PlanList, Subscription
from plg.contract.problem import ErrorCode
from plg.contract.receipts import Receipt, SubscriptionHistory
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services.receipts import history_of, receipt_of


class OwnPaymentPath(Request, frozen=True, kw_only=True):
    """A payment of the caller's."""

    payment_id: EntityId


@route("GET", "/v1/plans", answer=PlanList, auth=Auth.NONE, limit=Limit.READ)
async def plans(request: web.Request) -> PlanList:
    """What may be had here, what it costs, and how it may be paid."""
    plans = await request.app[app_keys.SUBSCRIPTIONS].offers()
    is_on = request.app[app_keys.CONFIG].billing.on
    return PlanList(billing=is_on, plans=plans, providers=request.app[app_keys.CHECKOUTS].offers())


@route("GET", "/v1/subscription", answer=Subscription, auth=Auth.ACCOUNT, limit=Limit.READ)
async def subscription(request: web.Request) -> Subscription:
    """The caller's plan: state, end, days left and the newest payments."""
    return await request.app[app_keys.SUBSCRIPTIONS].describe(request[app_keys.IDENTITY].account_id)


@route(
    "POST",
    "/v1/subscription/trial",
    answer=Subscription,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(ErrorCode.BILLING_OFF, ErrorCode.TRIAL_USED, ErrorCode.PLAN_NOT_FOUND, ErrorCode.EMAIL_NOT_VERIFIED),
)
async def start_trial(request: web.Request) -> Subscription:
    """Take the trial, once for each person."""
    request.app[app_keys.EMAIL_VERIFICATION].refuse_unverified(request[app_keys.IDENTITY].account)
    return await request.app[app_keys.SUBSCRIPTIONS].start_trial(request[app_keys.IDENTITY].account_id)


@route(
    "POST",
    "/v1/subscription/cancel",
    answer=Subscription,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(ErrorCode.BILLING_OFF, ErrorCode.NOTHING_TO_CANCEL),
)
async def cancel(request: web.Request) -> Subscription:
    """Cancel; the plan works until the end of what was paid."""
    return await request.app[app_keys.SUBSCRIPTIONS].cancel(request[app_keys.IDENTITY].account_id)


@route("GET", "/v1/payments", query=PaymentQuery, answer=PaymentPage, auth=Auth.ACCOUNT, limit=Limit.READ)
async def payments(request: web.Request, query: PaymentQuery) -> PaymentPage:
    """The caller's payments, newest first."""
    account_id = request[app_keys.IDENTITY].account_id
    return await request.app[app_keys.SUBSCRIPTIONS].payments(account_id, query.limit, query.offset)


@route(
    "GET",
    "/v1/payments/{payment_id}/receipt",
    path=OwnPaymentPath,
    answer=Receipt,
    auth=Auth.ACCOUNT,
    limit=Limit.READ,
    errors=(ErrorCode.NOT_FOUND,),
)
async def receipt(request: web.Request, path: OwnPaymentPath) -> Receipt:
    """The receipt of one of the caller's payments."""
    return await receipt_of(request[app_keys.IDENTITY].account_id, path.payment_id, request.app[app_keys.CONFIG])


@route("GET", "/v1/subscription/history", answer=SubscriptionHistory, auth=Auth.ACCOUNT, limit=Limit.READ)
async def subscription_history(request: web.Request) -> SubscriptionHistory:
    """Everything that the caller's plan was given for, and what was taken back, newest first."""
    return SubscriptionHistory(grants=await history_of(request[app_keys.IDENTITY].account_id))


ROUTES = (plans, subscription, start_trial, cancel, payments, receipt, subscription_history)
