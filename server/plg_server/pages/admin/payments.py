"""/admin/payments: what came, what waits for a decision, and deciding it."""

from aiohttp import web

from plg.contract.admin_payments import (
    Account,
    AdminPayment,
    ListLimit,
    ListOffset,
    MatchRequest,
    PaymentActRequest,
    PaymentChange,
    PaymentListQuery,
    QueueQuery,
)
from plg.contract.billing import PaymentState
from plg.contract.schema import Identifier, Request, Slug
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.payments import AdminPaymentPath
from plg_server.pages.admin.acts import ActForm, Trial, ask_once_more, changed_facts, said
from plg_server.pages.admin.lists import Day, day_begins, paging
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.routes import Limit
from plg_server.services.admin_payments import AdminPayments, payment_file, payments, queue


class PaymentsQuery(Request, frozen=True, kw_only=True):
    """As the API's, with a day for a moment."""

    provider: Slug | None = None
    state: PaymentState | None = None
    account: Account | None = None
    since: Day | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class MatchForm(ActForm, frozen=True, kw_only=True):
    """Which checkout it is for."""

    checkout_id: Identifier


@page("GET", "/admin/payments", access=Access.SUPPORT, limit=Limit.READ, query=PaymentsQuery)
async def payments_page(request: web.Request, query: PaymentsQuery) -> web.Response:
    """Payments that fit, newest first."""
    found = await payments(
        PaymentListQuery(
            provider=query.provider,
            state=query.state,
            account=query.account,
            since=day_begins(query.since),
            limit=query.limit,
            offset=query.offset,
        )
    )
    waiting = await queue(QueueQuery(limit=1))
    providers = request.app[app_keys.PROVIDERS]
    return render(
        request,
        "admin/payments.html",
        payments=found.payments,
        query=query,
        paging=paging(query, found),
        waiting=waiting.total,
        providers=sorted(providers),
    )


@page("GET", "/admin/payments/queue", access=Access.SUPPORT, limit=Limit.READ, query=QueueQuery)
async def queue_page(request: web.Request, query: QueueQuery) -> web.Response:
    """What waits, oldest first, with the checkouts that each may be for."""
    found = await queue(query)
    return render(request, "admin/queue.html", files=found.waiting, waiting=found.total, paging=paging(query, found))


@page("GET", "/admin/payments/{payment_id}", access=Access.SUPPORT, limit=Limit.READ, path=AdminPaymentPath)
async def payment_page(request: web.Request, path: AdminPaymentPath) -> web.Response:
    """One payment."""
    return render(request, "admin/payment.html", file=await payment_file(path.payment_id))


@page(
    "POST",
    "/admin/payments/{payment_id}/match",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=AdminPaymentPath,
    form=MatchForm,
    shown_again=payment_page,
)
async def match_payment(request: web.Request, path: AdminPaymentPath, form: MatchForm) -> web.StreamResponse:
    """Credit it as this checkout. One click: it gives days, which can be taken back by marking it refunded."""
    wanted = MatchRequest(checkout_id=form.checkout_id)
    await _acts(request).match(path.payment_id, wanted)
    return go(request, "/admin/payments/queue", note="payment_matched")


@page(
    "POST",
    "/admin/payments/{payment_id}/dismiss",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=AdminPaymentPath,
    form=ActForm,
    shown_again=payment_page,
)
async def dismiss_payment(request: web.Request, path: AdminPaymentPath, form: ActForm) -> web.StreamResponse:
    """Out of the queue: it is for no plan, or it only had to be looked at."""
    done = await _acts(request).dismiss(path.payment_id, PaymentActRequest(dry_run=form.dry_run))
    title, button = N_("Put this payment out of the queue?"), N_("Dismiss the payment")
    return _next(request, done, title, button, back="/admin/payments/queue", note="payment_dismissed")


@page(
    "POST",
    "/admin/payments/{payment_id}/refunded",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=AdminPaymentPath,
    form=ActForm,
    shown_again=payment_page,
)
async def mark_refunded(request: web.Request, path: AdminPaymentPath, form: ActForm) -> web.StreamResponse:
    """It was paid back: its days go."""
    done = await _acts(request).refunded(path.payment_id, PaymentActRequest(dry_run=form.dry_run))
    title, button = N_("Was this payment paid back?"), N_("Mark it as refunded")
    return _next(request, done, title, button, back=f"/admin/payments/{path.payment_id}", note="payment_refunded")


def _acts(request: web.Request) -> AdminPayments:
    return AdminPayments(actor_of(request), request.app[app_keys.CLOCK]())


def _next(
    request: web.Request, done: PaymentChange, title: str, button: str, *, back: str, note: str
) -> web.StreamResponse:
    if not done.dry_run:
        return go(request, back, note=note)
    facts = changed_facts(
        request,
        [
            (N_("State"), done.before.state.value, done.after.state.value),
            (N_("Paid back"), _amount(done.before), _amount(done.after)),
            (N_("Looked at"), done.before.reviewed_at, done.after.reviewed_at),
        ],
    )
    lines = (
        said(
            request, N_("Payment of {amount} {currency}"), amount=done.after.amount, currency=done.after.currency
        ),
        *((said(request, N_("The plan then ends {when}"), when=done.plan_ends_at),) if done.plan_ends_at else ()),
    )  # fmt: skip
    return ask_once_more(
        request, Trial(said(request, title), said(request, button), f"/admin/payments/{done.after.id}", facts, lines)
    )


def _amount(payment: AdminPayment) -> str:
    return f"{payment.refunded} {payment.currency}"


PAGES = (payments_page, queue_page, payment_page, match_payment, dismiss_payment, mark_refunded)
