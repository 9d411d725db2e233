"""How moments, amounts and numbers are written on pages. Every text that comes from outside stays escaped."""

from datetime import UTC, datetime

from markupsafe import Markup

MISSING = "—"

SYMBOLS = {"USD": "$", "EUR": "€", "RUB": "₽"}

BYTE_UNITS = ("B", "KB", "MB", "GB", "TB")


def moment(value: datetime | str | None) -> str | Markup:
    """A `<time>` in UTC; a script writes it in the visitor's own time where scripts run. Takes what the contract has as a timestamp too."""
    if value is None:
        return MISSING
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M} UTC")


def day(value: datetime | str | None) -> str | Markup:
    """Only the day."""
    if value is None:
        return MISSING
    at = (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%d}", f"{at:%Y-%m-%d}")


def money(amount: str | None, currency: str) -> str:
    """ "5.99", "USD" -> "$5.99"; other currencies stand behind the amount."""
    if amount is None:
        return MISSING
    symbol = SYMBOLS.get(currency)
    if symbol is None or currency == "RUB":
        return f"{amount} {symbol or currency}"
    return f"{symbol}{amount}"


def whole(value: float | None) -> str:
    """A whole number with thin spaces between thousands."""
    return MISSING if value is None else f"{value:,.0f}".replace(",", "\u2009")


def decimal(value: float | None, digits: int = 1) -> str:
    """A number with so many digits after the point."""
    return MISSING if value is None else f"{value:.{digits}f}"


def amount_of_bytes(value: float) -> str:
    """1536 -> "1.5 KB" (1024 to the next unit)."""
    for unit in BYTE_UNITS[:-1]:
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} {BYTE_UNITS[-1]}"


def duration(seconds: float) -> str:
    """3725 -> "1:02:05"; without hours "2:05"."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


FILTERS = {one.__name__: one for one in (moment, day, money, whole, decimal, amount_of_bytes, duration)}
