"""The plans that may be had and what they cost. They live in the database, so that an operator edits them without a restart."""

from dataclasses import dataclass, field
from datetime import datetime

from tortoise.transactions import in_transaction

from plg.contract import billing as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id
from plg_server.models.billing import BillingPlan, PlanPrice
from plg_server.problems import ApiError
from plg_server.services.money import CURRENCIES, to_minor, to_text

MAX_NAME_CHARS = 32
"""The column's width: the database refuses even to compare a longer one."""

NEW_POSITION = 100
"""Plans that an operator made stand after the first ones."""


@dataclass(frozen=True)
class PlanFacts:
    """A plan as an operator writes it; prices are decimal texts by currency, a trial has none."""

    name: str
    days: int
    max_sessions: int = 2
    is_trial: bool = False
    prices: dict[str, str] = field(default_factory=dict)


FIRST_PLANS = (
    PlanFacts("trial", 7, is_trial=True),
    PlanFacts("monthly", 30, prices={"USD": "5.99", "EUR": "5.99", "RUB": "499.00"}),
    PlanFacts("quarterly", 90, prices={"USD": "14.97", "EUR": "14.97", "RUB": "1247.00"}),
    PlanFacts("yearly", 365, prices={"USD": "47.88", "EUR": "47.88", "RUB": "3988.00"}),
)
"""What a new installation offers; from then on the database says."""


async def seed_plans() -> None:
    """Put the first plans into an empty table. Replicas that start together do it once."""
    if await BillingPlan.exists():
        return
    plans = [
        BillingPlan(id=one.name, days=one.days, max_sessions=one.max_sessions, is_trial=one.is_trial, position=place)
        for place, one in enumerate(FIRST_PLANS)
    ]
    prices = [
        # The id follows from what it is, so that a second replica's row meets the first one's.
        PlanPrice(id=f"{one.name}-{currency}".lower(), plan_id=one.name, currency=currency, amount_minor=to_minor(text))
        for one in FIRST_PLANS
        for currency, text in one.prices.items()
    ]
    async with in_transaction():
        await BillingPlan.bulk_create(plans, ignore_conflicts=True)
        await PlanPrice.bulk_create(prices, ignore_conflicts=True)


async def offered() -> list[contract.PlanOffer]:
    """Every plan that is not withdrawn, with its prices."""
    plans = await BillingPlan.filter(withdrawn_at=None).order_by("position", "id").prefetch_related("prices")
    return [
        contract.PlanOffer(
            name=plan.id,
            days=plan.days,
            max_sessions=plan.max_sessions,
            is_trial=plan.is_trial,
            prices=[
                contract.Price(currency=price.currency, amount=to_text(price.amount_minor))
                for price in sorted(plan.prices, key=lambda price: CURRENCIES.index(price.currency))
                if not plan.is_trial
            ],
        )
        for plan in plans
    ]


async def trial_plan() -> BillingPlan | None:
    """The plan that is had once for nothing, when one is offered."""
    return await BillingPlan.filter(is_trial=True, withdrawn_at=None).order_by("position").first()


async def price_of(name: str, currency: str) -> tuple[BillingPlan, int]:
    """A plan that is sold, and its price in minor units. Raises ApiError `plan_not_found`."""
    fits = len(name) <= MAX_NAME_CHARS
    plan = await BillingPlan.get_or_none(id=name, withdrawn_at=None, is_trial=False) if fits else None
    price = None if plan is None else await PlanPrice.get_or_none(plan_id=plan.id, currency=currency)
    if plan is None or price is None:
        names = [offer.name for offer in await offered() if any(p.currency == currency for p in offer.prices)]
        raise ApiError(ErrorCode.PLAN_NOT_FOUND, f"no plan '{name}' is sold in {currency}", nearest=names[:5])
    return plan, price.amount_minor


async def edit_plan(facts: PlanFacts, now: datetime, *, withdrawn: bool = False) -> None:
    """`edit_plan_in`, in a transaction of its own."""
    async with in_transaction():
        await edit_plan_in(facts, now, withdrawn=withdrawn)


async def edit_plan_in(facts: PlanFacts, now: datetime, *, withdrawn: bool = False) -> None:
    """Inside a transaction: make a plan or change it, with all its prices. What was sold before keeps its days and price.

    Raises BadAmount, and ValueError for a currency that we do not know or a plan that is no plan.
    """
    amounts = {currency: to_minor(text) for currency, text in facts.prices.items()}
    if unknown := set(amounts) - set(CURRENCIES):
        raise ValueError(f"prices are given in {', '.join(CURRENCIES)}, not in {', '.join(sorted(unknown))}")
    if not facts.name or len(facts.name) > MAX_NAME_CHARS or not facts.name.isascii():
        raise ValueError(f"a plan's name has 1 to {MAX_NAME_CHARS} characters")
    if not 1 <= facts.days <= 3660 or not 1 <= facts.max_sessions <= 1000 or 0 in amounts.values():
        raise ValueError("a plan has 1 to 3660 days, 1 to 1000 sessions and prices above zero")
    values = {"days": facts.days, "max_sessions": facts.max_sessions, "is_trial": facts.is_trial}
    plan, _made = await BillingPlan.get_or_create(id=facts.name, defaults={**values, "position": NEW_POSITION})
    plan.update_from_dict({**values, "withdrawn_at": now if withdrawn else None})
    await plan.save()
    await PlanPrice.filter(plan_id=plan.id).delete()
    for currency, amount_minor in amounts.items():
        await PlanPrice.create(id=new_id(), plan_id=plan.id, currency=currency, amount_minor=amount_minor)
