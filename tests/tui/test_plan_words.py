"""A plan in words."""

import pytest
from msgspec.structs import replace

from plg.cli.language import Language, speak
from plg.contract.billing import PaymentState, SubscriptionState
from plg_tui import plan_words as words
from support.plan_bodies import CHECKOUT, PLANS, REFERRAL, SUBSCRIPTION
from support.played_sessions import ACCOUNT
from support.time_zone import time_zone


def test_a_running_plan_says_how_long_it_lasts_and_what_it_allows() -> None:
    with time_zone("UTC"):
        assert words.plan_lines(SUBSCRIPTION) == [
            "● active", "month", "12 days left (until 2026-03-01)", "2 sessions at a time", "10 % off the next payment",
        ]  # fmt: skip


def test_days_in_russian_have_their_plural() -> None:
    speak(Language.RU)
    with time_zone("UTC"):
        assert words.left_text(1, "2026-03-01T12:00:00Z") == "остался 1 день (до 2026-03-01)"
        assert words.left_text(3, "2026-03-01T12:00:00Z") == "осталось 3 дня (до 2026-03-01)"
        assert words.left_text(12, "2026-03-01T12:00:00Z") == "осталось 12 дней (до 2026-03-01)"


@pytest.mark.parametrize("state", SubscriptionState)
def test_every_state_has_a_sentence(state: SubscriptionState) -> None:
    assert words.plan_lines(replace(SUBSCRIPTION, state=state))[0]


@pytest.mark.parametrize("state", PaymentState)
def test_every_payment_says_what_became_of_it(state: PaymentState) -> None:
    paid = replace(SUBSCRIPTION, payments=[replace(SUBSCRIPTION.payments[0], state=state)])
    with time_zone("UTC"):
        assert words.payment_lines(paid)[0].startswith("2026-01-30  month  199.00 RUB  donatepay  ")


def test_a_plan_without_a_server_that_sells_has_no_end() -> None:
    lines = words.plan_lines(words.plan_of_an_older_server(ACCOUNT))
    assert lines == [
        "This server asks for no plan: everybody with an account may play.",
        "free",
        "2 sessions at a time",
    ]


def test_an_offer_is_a_plan_at_a_price_by_a_way_that_takes_its_currency() -> None:
    assert [(one.plan, one.amount, one.currency, one.provider) for one in words.offers(PLANS)] == [
        ("month", "199.00", "RUB", "donatepay"),
        ("month", "5.99", "USD", "stripe"),
        ("year", "1990.00", "RUB", "donatepay"),
    ]
    assert len(words.offer_row(words.offers(PLANS)[0])) == len(words.offer_titles())


def test_the_referral_code_and_what_it_brought() -> None:
    assert words.referral_lines(REFERRAL) == [
        "Your code: PLAYER-7F3K",
        "7 days for you when somebody pays who used it",
        "3 players came by it, 1 of them paid, 7 days earned",
    ]


def test_a_code_for_the_comment_is_asked_for_only_where_it_is_needed() -> None:
    assert "AB12CD34" in "\n".join(words.checkout_lines(CHECKOUT))
    assert "AB12CD34" not in "\n".join(words.checkout_lines(replace(CHECKOUT, code_in_comment=False)))


@pytest.mark.parametrize("odd", ["", "soon", "\x1b[2J", "9999-12-31T23:59:59Z"])
def test_a_day_that_is_none_is_shown_safely(odd: str) -> None:
    assert "\x1b" not in words.date_text(odd)


def test_names_of_a_server_cannot_steer_the_terminal() -> None:
    bad = replace(SUBSCRIPTION, plan="\x1b[2J")
    assert "\x1b" not in "\n".join(
        words.plan_lines(bad) + words.account_lines(replace(ACCOUNT, display_name="\x07"), "")
    )
