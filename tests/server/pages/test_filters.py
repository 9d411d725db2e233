"""Moments, amounts and numbers."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from plg_server.pages import filters

NOON = datetime(2031, 2, 3, 12, 4, 5, tzinfo=UTC)


def test_moments_are_written_in_utc_and_for_scripts() -> None:
    written = '<time datetime="2031-02-03T12:04:05Z">2031-02-03 12:04 UTC</time>'
    assert filters.moment(NOON) == filters.moment("2031-02-03T12:04:05Z") == written
    assert filters.moment(NOON.astimezone(timezone(timedelta(hours=9)))) == written
    assert filters.day("2031-02-03T23:59:00-03:00") == '<time datetime="2031-02-04">2031-02-04</time>'


def test_what_is_not_known_is_a_dash() -> None:
    missing = (
        filters.moment(None),
        filters.day(None),
        filters.money(None, "USD"),
        filters.whole(None),
        filters.decimal(None),
    )
    assert {*missing} == {filters.MISSING}


@pytest.mark.parametrize(
    ("currency", "written"), [("USD", "$5.99"), ("EUR", "€5.99"), ("RUB", "5.99 ₽"), ("GEL", "5.99 GEL")]
)
def test_money(currency: str, written: str) -> None:
    assert filters.money("5.99", currency) == written


def test_numbers() -> None:
    assert filters.whole(1234567.4) == "1\u2009234\u2009567"
    assert (filters.decimal(1.25, 2), filters.decimal(3)) == ("1.25", "3.0")
    assert [filters.amount_of_bytes(size) for size in (0, 1023, 1536, 1024**4, 1024**6)] == [
        "0 B", "1023 B", "1.5 KB", "1.0 TB", "1048576.0 TB",
    ]  # fmt: skip
    assert [filters.duration(seconds) for seconds in (5, 125.9, 3725)] == ["0:05", "2:05", "1:02:05"]


def test_every_filter_goes_by_its_own_name() -> None:
    assert {"moment", "day", "money", "whole", "amount_of_bytes"} <= set(filters.FILTERS)
    assert all(name == one.__name__ for name, one in filters.FILTERS.items())
