"""/admin/codes: promo and gift codes, made, found and ended; and who brought whom."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_codes import (
    CodeQuery,
    FindCodeRequest,
    Label,
    NewCodesRequest,
    ReferralQuery,
    StopCodesRequest,
)
from plg.contract.billing import CodeText
from plg.contract.schema import Request, Slug
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.codes import CodePath
from plg_server.pages.admin.acts import ActForm, Trial, ask_once_more, said
from plg_server.pages.admin.lists import Day, day_begins, paging
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.routes import Limit
from plg_server.services import admin_codes as service
from plg_server.services.admin_plans import plans


class NewCodesForm(Request, frozen=True, kw_only=True):
    """As the API's; `unlimited` stands for any number of uses, and a day for the moment of the end."""

    kind: Literal["promo", "gift"]
    label: Label = ""
    text: CodeText | None = None
    count: Annotated[int, Meta(ge=1, le=500)] = 1
    percent: Annotated[int, Meta(ge=0, le=99)] = 0
    days: Annotated[int, Meta(ge=0, le=3660)] = 0
    plan: Slug = "monthly"
    uses: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 1
    unlimited: bool = False
    uses_per_account: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    expires: Day | None = None


class FindForm(Request, frozen=True, kw_only=True):
    """What a player typed. It stands in no address: a gift code is money."""

    find_code: CodeText


class StopForm(ActForm, frozen=True, kw_only=True):
    """With `batch` all codes that were made together with it."""

    batch: bool = False


@page("GET", "/admin/codes", access=Access.SUPPORT, limit=Limit.READ, query=CodeQuery)
async def codes_page(request: web.Request, query: CodeQuery) -> web.Response:
    """Codes, newest first, without their texts, which nobody has."""
    found = await service.codes(query, request.app[app_keys.CLOCK]())
    return render(request, "admin/codes.html", codes=found.codes, query=query, paging=paging(query, found))


@page("POST", "/admin/codes/find", access=Access.SUPPORT, limit=Limit.CODE, form=FindForm, shown_again=codes_page)
async def find_code(request: web.Request, form: FindForm) -> web.StreamResponse:
    """By its text."""
    file = await service.find(FindCodeRequest(text=form.find_code).text, request.app[app_keys.CLOCK]())
    return go(request, f"/admin/codes/{file.code.id}")


@page("GET", "/admin/codes/new", access=Access.ADMIN, limit=Limit.READ)
async def new_codes_page(request: web.Request) -> web.Response:
    """Ask what they shall give."""
    names = [plan.name for plan in (await plans()).plans]
    return render(request, "admin/codes_new.html", made=None, plan_names=names)


@page(
    "POST",
    "/admin/codes/new",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    form=NewCodesForm,
    shown_again=new_codes_page,
)
async def make_codes(request: web.Request, form: NewCodesForm) -> web.StreamResponse:
    """Make them and show their texts, this once."""
    wanted = NewCodesRequest(
        kind=form.kind,
        label=form.label,
        text=form.text,
        count=form.count,
        percent=form.percent,
        days=form.days,
        plan=form.plan,
        uses=None if form.unlimited else form.uses,
        uses_per_account=form.uses_per_account,
        expires_at=day_begins(form.expires),
    )
    made = await service.create(actor_of(request), wanted, request.app[app_keys.CLOCK]())
    return render(request, "admin/codes_new.html", made=made, plan_names=[])


@page("GET", "/admin/codes/referrals", access=Access.SUPPORT, limit=Limit.READ, query=ReferralQuery)
async def referrals_page(request: web.Request, query: ReferralQuery) -> web.Response:
    """Who brought how many."""
    found = await service.referrals(query)
    return render(request, "admin/referrals.html", found=found, paging=paging(query, found))


@page("GET", "/admin/codes/{code_id}", access=Access.SUPPORT, limit=Limit.READ, path=CodePath)
async def code_page(request: web.Request, path: CodePath) -> web.Response:
    """One code with its uses."""
    file = await service.code_file(path.code_id, request.app[app_keys.CLOCK]())
    return render(request, "admin/code.html", file=file, code=file.code)


@page(
    "POST",
    "/admin/codes/{code_id}/stop",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=CodePath,
    form=StopForm,
    shown_again=code_page,
)
async def stop_code(request: web.Request, path: CodePath, form: StopForm) -> web.StreamResponse:
    """End it, or its whole batch; what they gave stays."""
    wanted = StopCodesRequest(batch=form.batch, dry_run=form.dry_run)
    done = await service.stop(actor_of(request), path.code_id, wanted, request.app[app_keys.CLOCK]())
    back = f"/admin/codes/{path.code_id}"
    if not done.dry_run:
        return go(request, back, note="code_ended")
    lines = (said(request, N_("Codes that end: {count}. What they gave stays."), count=done.stopped),)
    title = said(request, N_("End all codes of this batch?") if form.batch else N_("End this code?"))
    return ask_once_more(request, Trial(title, said(request, N_("End them")), back, lines=lines))


PAGES = (codes_page, find_code, new_codes_page, make_codes, referrals_page, code_page, stop_code)
