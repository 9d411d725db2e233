"""Identifiers and times as the API shows them."""

import re
from datetime import UTC, datetime, timedelta, timezone

from plg_server.ids import as_id, new_id, timestamp, utc_now


def test_identifiers_are_sixteen_hex_digits_and_differ() -> None:
    made = {new_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{16}", one) for one in made)


def test_times_are_shown_in_utc_whatever_their_zone() -> None:
    moment = datetime(2026, 7, 1, 2, 3, 4, 999_999, tzinfo=timezone(timedelta(hours=3)))
    assert timestamp(moment) == "2026-06-30T23:03:04Z"
    assert utc_now().tzinfo is UTC


def test_what_cannot_be_an_identifier_is_looked_for_as_nothing() -> None:
    made = new_id()
    assert as_id(made) == made
    assert {as_id(text) for text in ("", made[:-1], made + "0", made.upper() + "\n", "x" * 1000, "\u0661" * 16)} == {
        "-"
    }
