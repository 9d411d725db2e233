"""Subscriptions and plans in lines. Whole commands: test_subscriptions.py, test_plans.py."""

from pathlib import Path

import pytest

from plg.cli.admin.money_view import show_plan_change, show_subscriptions, subscription_line
from plg.contract.admin_plans import AdminPlan, PlanChange
from plg.contract.admin_subscriptions import SubscriptionList, SubscriptionRow
from plg.contract.billing import Price, SubscriptionState
from support.inside import invocation_at

ROW = SubscriptionRow(
    account_id="0123456789abcdef",
    email="p@example.org",
    state=SubscriptionState.ACTIVE,
    plan="monthly",
    ends_at="2026-12-31T10:00:00Z",
    days_left=9,
    max_sessions=2,
    cancelled=False,
)


def test_a_line_for_no_plan_one_with_an_end_and_one_without() -> None:
    assert subscription_line(ROW) == "p@example.org: monthly, active, 2026-12-31, sessions: 2"
    bare = {"ends_at": None, "days_left": None, "max_sessions": 0, "cancelled": False}
    none = SubscriptionRow(account_id="1", email="p@example.org", state=SubscriptionState.NONE, plan=None, **bare)  # type: ignore[arg-type] # fields of several types
    endless = SubscriptionRow(account_id="1", email="p@example.org", state=SubscriptionState.ACTIVE, plan="x", **bare)  # type: ignore[arg-type] # fields of several types
    assert subscription_line(none) == "p@example.org: no plan"
    assert subscription_line(endless) == "p@example.org: x, active, without an end, sessions: 0"


def test_the_rest_of_a_long_list_is_offered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = SubscriptionList(subscriptions=[ROW], total=3, limit=1, offset=1)
    show_subscriptions(invocation_at(tmp_path), page)
    said = capsys.readouterr()
    assert "0123456789abcdef" in said.out
    assert "--offset 2" in said.err


def test_a_plan_before_and_after(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = AdminPlan(
        name="weekly", days=7, max_sessions=2, is_trial=False, offered=True, prices=[Price(currency="USD", amount="1.99")]
    )  # fmt: skip
    after = AdminPlan(name="weekly", days=7, max_sessions=2, is_trial=True, offered=False, prices=[])
    show_plan_change(invocation_at(tmp_path), PlanChange(dry_run=True, before=before, after=after))
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "was: weekly: 7 days, sessions: 2, 1.99 USD",
        "would be: weekly: 7 days, sessions: 2, free, once, not offered",
    ]
    assert "Nothing was changed" in said.err
