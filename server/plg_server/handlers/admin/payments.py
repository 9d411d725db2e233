"""/v1/admin/payments: what came, what could not be credited, and what operators decide."""

from aiohttp import web

from plg.contract.admin_payments import (
    AdminPaymentPage,
    MatchRequest,
    PaymentActRequest,
    PaymentChange,
    PaymentFile,
    PaymentListQuery,
    QueuePage,
    QueueQuery,
)
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services.admin_payments import AdminPayments, payment_file, payments, queue


class AdminPaymentPath(Request, frozen=True, kw_only=True):
    """A payment's own id."""

    payment_id: EntityId


def _acts(request: web.Request) -> AdminPayments:
    return AdminPayments(actor_of(request), request.app[app_keys.CLOCK]())


@route(
    "GET",
    "/v1/admin/payments",
    query=PaymentListQuery,
    answer=AdminPaymentPage,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
    errors=(ErrorCode.NOT_FOUND,),
)
async def list_payments(request: web.Request, query: PaymentListQuery) -> AdminPaymentPage:  # noqa: ARG001 - the same for every operator
    """Payments by provider, state, account and time, newest first."""
    return await payments(query)


@route("GET", "/v1/admin/payments/queue", query=QueueQuery, answer=QueuePage, auth=Auth.SUPPORT, limit=Limit.READ)
async def payment_queue(request: web.Request, query: QueueQuery) -> QueuePage:  # noqa: ARG001 - the same for every operator
    """What waits for an operator, oldest first, each with the checkouts that it may be for."""
    return await queue(query)


@route(
    "GET",
    "/v1/admin/payments/{payment_id}",
    path=AdminPaymentPath,
    answer=PaymentFile,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def show_payment(request: web.Request, path: AdminPaymentPath) -> PaymentFile:  # noqa: ARG001 - the same for every operator
    """One payment with its checkout, and what it may be for while it waits."""
    return await payment_file(path.payment_id)


@route(
    "POST",
    "/v1/admin/payments/{payment_id}/match",
    path=AdminPaymentPath,
    body=MatchRequest,
    answer=PaymentChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def match_payment(request: web.Request, path: AdminPaymentPath, body: MatchRequest) -> PaymentChange:
    """Credit a waiting payment as this checkout, whatever was wrong with it."""
    return await _acts(request).match(path.payment_id, body)


@route(
    "POST",
    "/v1/admin/payments/{payment_id}/dismiss",
    path=AdminPaymentPath,
    body=PaymentActRequest,
    answer=PaymentChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def dismiss_payment(request: web.Request, path: AdminPaymentPath, body: PaymentActRequest) -> PaymentChange:
    """Put it out of the queue: it is for no plan, or it only had to be looked at."""
    return await _acts(request).dismiss(path.payment_id, body)


@route(
    "POST",
    "/v1/admin/payments/{payment_id}/refunded",
    path=AdminPaymentPath,
    body=PaymentActRequest,
    answer=PaymentChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def mark_payment_refunded(request: web.Request, path: AdminPaymentPath, body: PaymentActRequest) -> PaymentChange:
    """The operator paid it back where no provider tells us: its days go back."""
    return await _acts(request).refunded(path.payment_id, body)


ROUTES = (list_payments, payment_queue, show_payment, match_payment, dismiss_payment, mark_payment_refunded)
