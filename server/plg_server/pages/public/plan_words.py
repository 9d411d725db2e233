"""Plans, prices and ways to pay in words for people."""

from collections.abc import Sequence
from decimal import Decimal

from plg.contract.billing import PlanOffer, ProviderOffer
from plg_server.pages.language import N_, translated

PLANS: dict[str, str] = {
    "trial": N_("Trial"),
    "monthly": N_("A month"),
    "quarterly": N_("Three months"),
    "yearly": N_("A year"),
}
"""The plans that a server starts with; an operator's own are shown by their names."""

PROVIDERS: dict[str, tuple[str, str]] = {
    "donatepay": ("DonatePay", N_("by card or wallet; your code goes into the comment")),
    "robokassa": ("Robokassa", N_("by card or wallet")),
    "stripe": ("Stripe", N_("by card")),
    "cryptomus": ("Cryptomus", N_("in cryptocurrency")),
}
"""Name, and how one pays there. Another provider is shown by its own name."""

MONTH_DAYS = 30

FIRST_CURRENCY = {"ru": "RUB", "en": "USD"}
"""What a visitor sees first by language, where it is sold."""


def plan_name(language: str, name: str) -> str:
    """In this language, or the plan's own name."""
    return translated(language, PLANS[name]) if name in PLANS else name


def currencies_of(plans: Sequence[PlanOffer]) -> list[str]:
    """All in which something is sold, in the order of the first plan that names them."""
    return list(dict.fromkeys(price.currency for plan in plans for price in plan.prices))


def chosen_currency(plans: Sequence[PlanOffer], asked: str, language: str) -> str:
    """As asked if something is sold in it, else the language's, else the first; empty when nothing is sold."""
    known = currencies_of(plans)
    for one in (asked, FIRST_CURRENCY.get(language, "")):
        if one in known:
            return one
    return known[0] if known else ""


def price_in(plan: PlanOffer, currency: str) -> str | None:
    """The decimal text, or None when the plan is not sold in it."""
    return next((price.amount for price in plan.prices if price.currency == currency), None)


def for_a_month(plan: PlanOffer, amount: str) -> str | None:
    """What 30 days of it cost, for plans that are longer; for comparison only, nobody pays that."""
    if plan.days <= MONTH_DAYS:
        return None
    return str((Decimal(amount) * MONTH_DAYS / plan.days).quantize(Decimal("0.01")))


def ways_to_pay(providers: Sequence[ProviderOffer]) -> list[tuple[str, str, list[str]]]:
    """Name, how (marked words or empty), currencies."""
    return [(*PROVIDERS.get(one.name, (one.name, "")), list(one.currencies)) for one in providers]
