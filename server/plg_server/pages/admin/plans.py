"""/admin/plans: what is sold, and for how much."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_plans import AdminPlan, EditPlanRequest, PlanName
from plg.contract.billing import Amount
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.plans import PlanPath
from plg_server.pages.admin.acts import ActForm, Trial, ask_once_more, changed_facts, said
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.problems import ApiError
from plg_server.routes import Limit
from plg_server.services.admin_plans import edit, plans

Currency = Literal["USD", "EUR", "RUB"]
CURRENCIES: tuple[Currency, ...] = ("USD", "EUR", "RUB")


class PlanForm(ActForm, frozen=True, kw_only=True):
    """A plan as it shall be. A currency without a price is not sold in."""

    days: Annotated[int, Meta(ge=1, le=3660)]
    max_sessions: Annotated[int, Meta(ge=1, le=1000)] = 1
    is_trial: bool = False
    offered: bool = False
    usd: Amount | None = None
    eur: Amount | None = None
    rub: Amount | None = None


class NewPlanForm(PlanForm, frozen=True, kw_only=True):
    """A plan that is not there yet."""

    name: PlanName


@page("GET", "/admin/plans", access=Access.SUPPORT, limit=Limit.READ)
async def plans_page(request: web.Request) -> web.Response:
    """All plans, also those that are not offered."""
    return render(request, "admin/plans.html", plans=(await plans()).plans, currencies=CURRENCIES)


@page("GET", "/admin/plans/{name}", access=Access.SUPPORT, limit=Limit.READ, path=PlanPath)
async def plan_page(request: web.Request, path: PlanPath) -> web.Response:
    """One plan."""
    plan = await _plan(path.name)
    if plan is None:
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such plan")
    return render(request, "admin/plan.html", plan=plan, prices=_prices(plan), currencies=CURRENCIES)


@page("POST", "/admin/plans", access=Access.ADMIN, limit=Limit.WRITE, form=NewPlanForm, shown_again=plans_page)
async def make_plan(request: web.Request, form: NewPlanForm) -> web.StreamResponse:
    """A new plan."""
    if await _plan(form.name) is not None:
        raise ApiError(ErrorCode.INVALID_BODY, f"there is a plan {form.name} already")
    return await _edited(request, form.name, form, "/admin/plans")


@page(
    "POST",
    "/admin/plans/{name}/edit",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=PlanPath,
    form=PlanForm,
    shown_again=plan_page,
)
async def edit_plan(request: web.Request, path: PlanPath, form: PlanForm) -> web.StreamResponse:
    """Change days, prices, and whether it is offered. What was sold before keeps its days and price."""
    if await _plan(path.name) is None:
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such plan")
    return await _edited(request, path.name, form, f"/admin/plans/{path.name}")


async def _edited(request: web.Request, name: str, form: PlanForm, back: str) -> web.StreamResponse:
    prices: dict[Currency, str | None] = {"USD": form.usd, "EUR": form.eur, "RUB": form.rub}
    wanted = EditPlanRequest(
        days=form.days,
        max_sessions=form.max_sessions,
        is_trial=form.is_trial,
        offered=form.offered,
        prices=prices,
        dry_run=form.dry_run,
    )
    done = await edit(actor_of(request), name, wanted, request.app[app_keys.CLOCK]())
    if not done.dry_run:
        return go(request, "/admin/plans", note="saved")
    before, after = done.before, done.after
    yes_no = {True: said(request, N_("yes")), False: said(request, N_("no"))}
    then, now = _prices(after), {} if before is None else _prices(before)
    facts = changed_facts(
        request,
        [
            (N_("Days"), before and before.days, after.days),
            (N_("Sessions at once"), before and before.max_sessions, after.max_sessions),
            (N_("Trial"), before and yes_no[before.is_trial], yes_no[after.is_trial]),
            (N_("Offered"), before and yes_no[before.offered], yes_no[after.offered]),
            *((one, now.get(one), then.get(one)) for one in CURRENCIES),
        ],
    )
    title = said(request, N_("Change the plan {name}?"), name=name)
    return ask_once_more(request, Trial(title, said(request, N_("Change the plan")), back, facts))


async def _plan(name: str) -> AdminPlan | None:
    return next((plan for plan in (await plans()).plans if plan.name == name), None)


def _prices(plan: AdminPlan) -> dict[str, str]:
    return {price.currency: price.amount for price in plan.prices}


PAGES = (plans_page, make_plan, plan_page, edit_plan)
