"""Plans in an operator's hands: what is sold, for how much, for how long; every change in the audit log."""

from datetime import datetime

from plg.contract import admin_plans as contract
from plg.contract.billing import Price
from plg.contract.problem import ErrorCode
from plg_server.models.billing import BillingPlan
from plg_server.problems import ApiError
from plg_server.services.audit import Actor, JsonValue, record
from plg_server.services.dry_runs import do_or_try
from plg_server.services.money import CURRENCIES, to_text
from plg_server.services.plans import PlanFacts, edit_plan_in


async def plans() -> contract.AdminPlanList:
    """All plans, also those that are not offered any more."""
    rows = await BillingPlan.all().order_by("position", "id").prefetch_related("prices")
    return contract.AdminPlanList(plans=[_shown(row) for row in rows])


async def edit(actor: Actor, name: str, request: contract.EditPlanRequest, now: datetime) -> contract.PlanChange:
    """Change what is named and leave the rest. Raises ApiError `plan_not_found` (a new one without days), `invalid_body`."""

    async def work() -> contract.PlanChange:
        before = await _one(name)
        if before is None and request.days is None:
            raise ApiError(ErrorCode.PLAN_NOT_FOUND, f"there is no plan '{name}'; a new one needs days")
        facts = _merged(name, before, request)
        was_offered = True if before is None else before.offered
        offered = was_offered if request.offered is None else request.offered
        if offered and not facts.is_trial and not facts.prices:
            raise ApiError(ErrorCode.INVALID_BODY, "a plan that is offered has a price, or is a trial")
        try:
            await edit_plan_in(facts, now, withdrawn=not offered)
        except ValueError as error:
            raise ApiError(ErrorCode.INVALID_BODY, str(error)) from None
        after = await _one(name)
        if after is None:
            raise LookupError("the plan that was written is not there")
        details: dict[str, JsonValue] = {"before": _told(before), "after": _told(after)}
        await record(actor, "plans.edit", f"plan:{name}", details)
        return contract.PlanChange(dry_run=request.dry_run, before=before, after=after)

    return await do_or_try(work, dry_run=request.dry_run)


def _merged(name: str, before: contract.AdminPlan | None, request: contract.EditPlanRequest) -> PlanFacts:
    prices: dict[str, str | None] = {} if before is None else {one.currency: one.amount for one in before.prices}
    prices.update((str(currency), amount) for currency, amount in request.prices.items())
    days = request.days if request.days is not None else (before.days if before else 0)
    default_sessions = before.max_sessions if before else 2
    was_trial = before.is_trial if before else False
    return PlanFacts(
        name,
        days,
        max_sessions=request.max_sessions if request.max_sessions is not None else default_sessions,
        is_trial=was_trial if request.is_trial is None else request.is_trial,
        prices={currency: amount for currency, amount in prices.items() if amount is not None},
    )


async def _one(name: str) -> contract.AdminPlan | None:
    row = await BillingPlan.get_or_none(id=name).prefetch_related("prices")
    return None if row is None else _shown(row)


def _shown(row: BillingPlan) -> contract.AdminPlan:
    return contract.AdminPlan(
        name=row.id,
        days=row.days,
        max_sessions=row.max_sessions,
        is_trial=row.is_trial,
        offered=row.withdrawn_at is None,
        prices=[
            Price(currency=price.currency, amount=to_text(price.amount_minor))
            for price in sorted(row.prices, key=lambda price: CURRENCIES.index(price.currency))
        ],
    )


def _told(plan: contract.AdminPlan | None) -> JsonValue:
    if plan is None:
        return None
    return {
        "days": plan.days,
        "max_sessions": plan.max_sessions,
        "is_trial": plan.is_trial,
        "offered": plan.offered,
        "prices": {price.currency: price.amount for price in plan.prices},
    }
