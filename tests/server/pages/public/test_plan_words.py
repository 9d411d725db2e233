"""Plans and prices in words."""

from plg.contract.billing import PlanOffer, Price, ProviderOffer
from plg_server.pages.public import plan_words


def plan(name: str = "yearly", days: int = 365, **prices: str) -> PlanOffer:
    shown = [Price(currency=currency, amount=amount) for currency, amount in prices.items()]
    return PlanOffer(name=name, days=days, max_sessions=2, is_trial=False, prices=shown)


def test_the_currency_is_as_asked_else_the_languages_else_the_first() -> None:
    plans = [plan(EUR="5.99", USD="6.99"), plan(RUB="499.00")]
    assert plan_words.currencies_of(plans) == ["EUR", "USD", "RUB"]
    for asked, language, chosen in (("EUR", "ru", "EUR"), ("", "ru", "RUB"), ("<b>", "en", "USD"), ("", "de", "EUR")):
        assert plan_words.chosen_currency(plans, asked, language) == chosen
    assert plan_words.chosen_currency([], "USD", "en") == ""


def test_longer_plans_are_compared_by_thirty_days_without_losing_a_cent() -> None:
    assert plan_words.for_a_month(plan(), "47.88") == "3.94"
    assert plan_words.for_a_month(plan(days=90), "14.97") == "4.99"
    assert plan_words.for_a_month(plan(days=30), "5.99") is None


def test_a_plan_that_is_not_sold_in_a_currency_has_no_price_in_it() -> None:
    assert plan_words.price_in(plan(USD="1.00"), "USD") == "1.00"
    assert plan_words.price_in(plan(USD="1.00"), "RUB") is None


def test_an_operators_own_names_are_shown_as_they_are() -> None:
    assert plan_words.plan_name("ru", "50%-off") == "50%-off"
    assert plan_words.plan_name("ru", "yearly") == "Год"
    ways = plan_words.ways_to_pay([ProviderOffer(name="barter", currencies=["USD"])])
    assert ways == [("barter", "", ["USD"])]
