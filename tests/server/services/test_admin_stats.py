"""The server in figures."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.payments import Payment
from plg_server.services.admin_stats import last_months
from support.api_driver import ApiDriver
from support.callers import signed_in_as
from support.member_relay import enrolled_relay
from support.operator_rows import account_row, node_row, session_row


async def payment(state: str, currency: str, minor: int, paid_at: datetime, refunded: int = 0) -> None:
    """A payment that came."""
    await Payment.create(
        id=new_id(), provider="stripe", external_id=new_id(), state=state, currency=currency, amount_minor=minor,
        refunded_minor=refunded, paid_at=paid_at, seen_at=paid_at,
    )  # fmt: skip


async def test_every_figure_counts_what_it_says(api: ApiDriver) -> None:
    helper = await signed_in_as(api, "support")
    await enrolled_relay(api)
    await enrolled_relay(api, "Paris", host="9.9.9.10", beat=False)
    now = utc_now()
    day, week = timedelta(days=1), timedelta(days=7)
    with api.app[app_keys.DATABASE].active():
        anna = await account_row("anna@example.org", now - 3 * day, plan_name="monthly", plan_expires_at=now + week, total_bytes=7)  # fmt: skip
        await account_row("boris@example.org", now - 2 * week, plan_name="monthly", plan_expires_at=now - day)
        await account_row("clara@example.org", now - 2 * week, banned_at=now, plan_name="yearly")
        node = await node_row("off", 7, now)
        node.disabled_at = now
        await node.save()
        gone = await node_row("gone", 8, now)
        gone.disabled_at = gone.deleted_at = now
        await gone.save()
        await session_row(anna, node, now, bytes_up=5)
        await session_row(anna, node, now - 2 * day, expires_at=now - day, bytes_down=10)
        await session_row(anna, node, now - 2 * week, expires_at=now - week, bytes_down=100)
        await payment("credited", "EUR", 599, now)
        await payment("refunded", "EUR", 600, now, refunded=600)
        await payment("credited", "RUB", 50_000, now)
        await payment("unmatched", "RUB", 1, now)
        await payment("credited", "EUR", 1, now - timedelta(days=800))
    found = (await api.get("/v1/admin/stats", helper.access_token)).json
    assert found["accounts"] == {"total": 4, "banned": 1, "new_day": 1, "new_week": 2}
    assert found["plans"] == [{"plan": "monthly", "accounts": 1}, {"plan": "yearly", "accounts": 1}]
    assert found["sessions"] == {
        "now": 1, "day": 1, "week": 2, "bytes_day": 5, "bytes_week": 15, "bytes_ever": 7
    }  # fmt: skip
    assert found["income"] == [
        {"month": now.strftime("%Y-%m"), "currency": "EUR", "payments": 2, "amount": "11.99", "refunded": "6.00"},
        {"month": now.strftime("%Y-%m"), "currency": "RUB", "payments": 1, "amount": "500.00", "refunded": "0.00"},
    ]
    assert found["relays"] == {"up": 1, "draining": 0, "down": 1, "disabled": 1}
    assert found["payments_waiting"] == 1


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 11, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
    ],
)
def test_months_follow_each_other_without_a_gap(now: datetime, first: datetime, last: datetime) -> None:
    months = last_months(now, 3)
    assert (months[0][0], months[-1][0]) == (first, last)
    assert all(later[0] == earlier[1] for later, earlier in pairwise(months))
