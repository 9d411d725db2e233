"""/admin/users: finding accounts, and all that operators may know of one."""

from aiohttp import web

from plg.contract.admin_audit import AuditQuery
from plg.contract.admin_payments import PaymentListQuery
from plg.contract.admin_users import UserQuery
from plg_server import app_keys
from plg_server.handlers.admin.users import UserPath
from plg_server.pages.admin.lists import paging
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import render
from plg_server.routes import Limit
from plg_server.services.admin_payments import payments
from plg_server.services.admin_plans import plans
from plg_server.services.admin_users import AdminUsers
from plg_server.services.audit import entries

SHOWN = 10
"""Of each kind beside the account itself; the rest stands in the lists."""


@page("GET", "/admin/users", access=Access.SUPPORT, limit=Limit.READ, query=UserQuery)
async def users_page(request: web.Request, query: UserQuery) -> web.Response:
    """Accounts by search and filters."""
    found = await AdminUsers(request.app[app_keys.ACCOUNTS]).find(query, request.app[app_keys.CLOCK]())
    names = [plan.name for plan in (await plans()).plans]
    return render(
        request, "admin/users.html", users=found.users, query=query, paging=paging(query, found), plan_names=names
    )


@page("GET", "/admin/users/{user_id}", access=Access.SUPPORT, limit=Limit.READ, path=UserPath)
async def user_page(request: web.Request, path: UserPath) -> web.Response:
    """One account with its devices, sessions, payments and what operators did to it."""
    detail = await AdminUsers(request.app[app_keys.ACCOUNTS]).show(path.user_id)
    paid = await payments(PaymentListQuery(account=detail.user.id, limit=SHOWN))
    acts = await entries(AuditQuery(subject=f"account:{detail.user.id}", limit=SHOWN))
    return render(request, "admin/user.html", detail=detail, user=detail.user, payments=paid.payments, acts=acts)


PAGES = (users_page, user_page)
