"""Amounts of money as whole minor units: exact, and refused when they are no amount."""

from decimal import Decimal, InvalidOperation

CURRENCIES = ("USD", "EUR", "RUB")
"""ISO 4217. What prices may be given in; all three have two digits after the point."""

MINOR_IN_ONE = 100

MAX_MINOR = 10**12
"""Ten thousand million: beyond it a number is a fault or an attack, not a price."""

MAX_TEXT_CHARS = 24


class BadAmount(ValueError):
    """Not an amount of money."""


def to_minor(text: str) -> int:
    """ "5.99" -> 599. Raises BadAmount for anything that is no exact, finite, non-negative amount."""
    if len(text) > MAX_TEXT_CHARS or not text.isascii():
        raise BadAmount("not an amount")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadAmount(f"not an amount: {text!r}") from None
    if not amount.is_finite() or amount.is_signed() or amount > MAX_MINOR // MINOR_IN_ONE:
        raise BadAmount(f"not an amount: {text!r}")
    minor = amount * MINOR_IN_ONE
    if minor != minor.to_integral_value():
        raise BadAmount(f"more than two digits after the point: {text!r}")
    return int(minor)


def to_text(minor: int) -> str:
    """599 -> "5.99"."""
    return f"{minor // MINOR_IN_ONE}.{minor % MINOR_IN_ONE:02}"


def less_percent(minor: int, percent: int) -> int:
    """The price after a discount, rounded up to a whole minor unit and never free: a payment of nothing cannot be made."""
    return max(1, -(-minor * (100 - percent) // 100))
