"""Amounts of money: exact, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_server.services.money import BadAmount, less_percent, to_minor, to_text


@given(st.integers(0, 10**12))
def test_an_amount_comes_back_as_it_went(minor: int) -> None:
    assert to_minor(to_text(minor)) == minor


@pytest.mark.parametrize(
    ("text", "minor"), [("5.99", 599), ("499", 49900), ("0.1", 10), ("47.880", 4788), ("1e2", 10000)]
)
def test_texts_of_one_value_are_one_amount(text: str, minor: int) -> None:
    assert to_minor(text) == minor


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "NaN", "Infinity", "5.999", "1e30", "9" * 40, "5,99", "٥.٩٩", "-0", "1e-9"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadAmount):
        to_minor(text)


def test_a_discount_is_rounded_up_and_never_gives_for_nothing() -> None:
    assert (less_percent(599, 20), less_percent(1, 99), less_percent(599, 0)) == (480, 1, 599)
