"""/subscribe: the plans, then a way to pay, then the link. Nothing is paid in the chat itself."""

from dataclasses import dataclass

from plg.contract.billing import CheckoutRequest, PlanOffer
from plg_server.bot.answers import MOST_DATA_BYTES, Answer, Button
from plg_server.bot.asking import Asker
from plg_server.bot.texts import word
from plg_server.bot.world import BotWorld
from plg_server.problems import ApiError
from plg_server.services.subscriptions import best_discount


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan as the message shows it."""

    name: str
    days: int
    sessions: int
    is_trial: bool
    prices: str


@dataclass(frozen=True, slots=True)
class Way:
    """A provider and a currency that it takes and the plan is sold in."""

    provider: str
    currency: str
    amount: str


def ways_of(world: BotWorld, plan: PlanOffer) -> list[Way]:
    """Every way to pay this plan; none for a trial."""
    amounts = {price.currency: price.amount for price in plan.prices}
    return [
        Way(offer.name, currency, amounts[currency])
        for offer in world.checkouts.offers()
        for currency in offer.currencies
        if currency in amounts
    ]


async def plans(world: BotWorld, asker: Asker) -> Answer:
    """/subscribe"""
    if not world.config.billing.on:
        return asker.answer("money.off")
    offered = await world.subscriptions.offers()
    discount = None if asker.link is None else await best_discount(asker.link.account_id)
    text = asker.say(
        "money.plans",
        plans=[
            PlanLine(
                plan.name,
                plan.days,
                plan.max_sessions,
                plan.is_trial,
                " / ".join(f"{price.amount} {price.currency}" for price in plan.prices),
            )
            for plan in offered
        ],
        linked=asker.link is not None,
        can_pay=bool(world.checkouts.offers()),
        discount=discount.percent if discount else 0,
    )
    if asker.link is None:
        return Answer(text)
    rows = [
        (Button(word(asker.language, "plan", name=plan.name, days=plan.days), data=f"plan:{plan.name}"),)
        for plan in offered
        if ways_of(world, plan)
    ]
    return Answer(text, tuple(rows))


async def ways(world: BotWorld, asker: Asker, name: str) -> Answer:
    """A plan was chosen: how to pay? With a single way the link comes at once."""
    if asker.link is None:
        return asker.answer("account.link_first")
    plan = next((one for one in await world.subscriptions.offers() if one.name == name), None)
    found = [] if plan is None else ways_of(world, plan)
    if plan is None or not found:
        return asker.answer("money.refused", code="plan_not_found")
    if len(found) == 1:
        return await checkout(world, asker, f"{name}:{found[0].provider}:{found[0].currency}")
    rows = []
    for way in found:
        data = f"pay:{name}:{way.provider}:{way.currency}"
        if len(data.encode()) <= MOST_DATA_BYTES:
            label = word(asker.language, "way", provider=way.provider, amount=way.amount, currency=way.currency)
            rows.append((Button(label, data=data),))
    return Answer(asker.say("money.ways", plan=plan.name, days=plan.days), tuple(rows))


async def checkout(world: BotWorld, asker: Asker, data: str) -> Answer:
    """A way was chosen ("PLAN:PROVIDER:CURRENCY"): the link to pay at."""
    if asker.link is None:
        return asker.answer("account.link_first")
    name, _, rest = data.partition(":")
    provider, _, currency = rest.partition(":")
    try:
        made = await world.checkouts.start(
            asker.link.account_id, CheckoutRequest(plan=name, provider=provider, currency=currency)
        )
    except ApiError as error:
        return asker.answer("money.refused", code=error.code.value)
    label = word(asker.language, "pay", amount=made.amount, currency=made.currency)
    return Answer(asker.say("money.checkout", c=made), ((Button(label, url=made.link),),))
