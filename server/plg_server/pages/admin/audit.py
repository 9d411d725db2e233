"""/admin/audit: what operators did."""

from datetime import timedelta
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_audit import AuditQuery, ListLimit, ListOffset
from plg.contract.schema import Request
from plg_server.pages.admin.lists import Day, day_begins, paging
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import render
from plg_server.routes import Limit
from plg_server.services.audit import entries


class AuditPageQuery(Request, frozen=True, kw_only=True):
    """As the API's, with days for moments; the last day counts whole."""

    actor: Annotated[str, Meta(min_length=1, max_length=254)] | None = None
    act: Annotated[str, Meta(pattern=r"^[a-z][a-z_.]{0,63}$")] | None = None
    subject: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_.:-]+$")] | None = None
    since: Day | None = None
    until: Day | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


@page("GET", "/admin/audit", access=Access.SUPPORT, limit=Limit.READ, query=AuditPageQuery)
async def audit_page(request: web.Request, query: AuditPageQuery) -> web.Response:
    """Acts that fit, newest first."""
    last = day_begins(query.until)
    found = await entries(
        AuditQuery(
            actor=query.actor,
            act=query.act,
            subject=query.subject,
            since=day_begins(query.since),
            until=None if last is None or last.year == LAST_YEAR else last + timedelta(days=1),
            limit=query.limit,
            offset=query.offset,
        )
    )
    return render(request, "admin/audit.html", entries=found.entries, query=query, paging=paging(query, found))


LAST_YEAR = 9999
"""The calendar has no day after its last one."""

PAGES = (audit_page,)
