"""/account/payments: what was paid, receipts, and what each day was given for."""

from aiohttp import web

from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.ids import EntityId
from plg_server.pages.account.frame import PAGE_ROWS, PageNumber, show
from plg_server.pages.page import Access, page
from plg_server.routes import Limit
from plg_server.services.receipts import history_of, receipt_of


class PaymentPath(Request, frozen=True):
    """A payment of the visitor's."""

    payment_id: EntityId


@page("GET", "/account/payments", access=Access.SIGNED_IN, limit=Limit.READ, query=PageNumber)
async def payments_page(request: web.Request, query: PageNumber) -> web.Response:
    """Payments, newest first, and on the first page the history of the days."""
    account_id = request[app_keys.IDENTITY].account_id
    shown = await request.app[app_keys.SUBSCRIPTIONS].payments(account_id, PAGE_ROWS, query.offset)
    grants = await history_of(account_id) if query.page == 1 else []
    return show(request, "account/payments.html", shown=shown, query=query, grants=grants)


@page("GET", "/account/payments/{payment_id}", access=Access.SIGNED_IN, limit=Limit.READ, path=PaymentPath)
async def receipt_page(request: web.Request, path: PaymentPath) -> web.Response:
    """A receipt, fit for printing."""
    config = request.app[app_keys.CONFIG]
    receipt = await receipt_of(request[app_keys.IDENTITY].account_id, path.payment_id, config)
    return show(request, "account/receipt.html", receipt=receipt)


PAGES = (payments_page, receipt_page)
