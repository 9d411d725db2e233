"""What all pages of the cabinet have: the menu at the side, and the words for plans, payments and games."""

from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta

from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.pages.account.words import Words
from plg_server.pages.language import N_
from plg_server.pages.rendering import render
from plg_server.pages.visitor import visitor_of

PAGE_ROWS = 20
"""Rows of a list on one page: fits a screen or two."""

MENU = (
    ("/account", "layout-dashboard", N_("Overview")),
    ("/account/sessions", "activity", N_("Sessions")),
    ("/account/benchmarks", "chart-column", N_("Benchmarks")),
    ("/account/plan", "ticket", N_("Plan")),
    ("/account/payments", "receipt", N_("Payments")),
    ("/account/security", "shield-check", N_("Security")),
    ("/account/telegram", "send", N_("Telegram")),
    ("/account/referral", "gift", N_("Friends")),
    ("/account/data", "database", N_("My data")),
)


class PageNumber(Request, frozen=True, kw_only=True):
    """Which page of a list."""

    page: Annotated[int, Meta(ge=1, le=50_000)] = 1

    @property
    def offset(self) -> int:
        """Rows before it."""
        return (self.page - 1) * PAGE_ROWS


def words_of(request: web.Request) -> Words:
    """In the visitor's language."""
    return Words(visitor_of(request).language, request.app[app_keys.CATALOG])


def show(request: web.Request, template: str, **context: Any) -> web.Response:
    """A page of the cabinet."""
    return render(request, template, menu_items=MENU, words=words_of(request), page_rows=PAGE_ROWS, **context)
