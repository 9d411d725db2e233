"""Plans and payments as people read them."""

from pathlib import Path

import msgspec
import pytest
from pytest import CaptureFixture  # noqa: PT013 - a type

from plg.cli.language import Language, speak
from plg.cli.plan_view import plan_line, show_plan, show_redeemed
from plg.contract.billing import (
    PaymentRecord,
    PaymentState,
    PlanList,
    Redeemed,
    Subscription,
    SubscriptionState,
)
from support.inside import invocation_at

PAYMENT = PaymentRecord(
    id="1",
    provider="donatepay",
    receipt="1001",
    state=PaymentState.UNMATCHED,
    plan="monthly",
    days=0,
    currency="RUB",
    amount="499.00",
    paid_at="2026-11-22T10:00:00Z",
)
ACTIVE = Subscription(
    billing=True,
    state=SubscriptionState.ACTIVE,
    plan="monthly",
    ends_at="2026-12-22T10:00:00Z",
    days_left=21,
    max_sessions=2,
    trial_available=False,
    discount_percent=20,
    payments=[PAYMENT],
)
NOTHING_SOLD = PlanList(billing=True, plans=[], providers=[])


@pytest.mark.parametrize(
    ("changes", "english", "russian"),
    [
        ({}, "monthly until 2026-12-22 (21 days left)", "на месяц до 2026-12-22 (остался 21 день)"),
        ({"days_left": 1}, "monthly until 2026-12-22 (1 day left)", "на месяц до 2026-12-22 (остался 1 день)"),
        ({"state": "expired"}, "monthly, ended on 2026-12-22", "на месяц, закончилась 2026-12-22"),
        ({"days_left": None, "plan": "friend"}, "friend, without an end", "friend, без срока"),
        ({"state": "none"}, "none", "нет"),
    ],
)
def test_a_plan_is_one_line(changes: dict[str, object], english: str, russian: str) -> None:
    subscription = msgspec.structs.replace(ACTIVE, **changes)
    assert plan_line(subscription) == english
    speak(Language.RU)
    assert plan_line(subscription) == russian


def test_payments_and_discounts_are_shown(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    show_plan(invocation_at(tmp_path), ACTIVE, NOTHING_SOLD)
    out = capsys.readouterr().out
    assert "Next payment: 20 % off" in out
    assert "donatepay 1001" in out
    assert "being looked at" in out


def test_what_a_code_gave_is_said(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    for kind, days, percent in (("gift", 30, 0), ("promo", 0, 20), ("referral", 0, 0)):
        redeemed = Redeemed(kind=kind, days=days, discount_percent=percent, subscription=ACTIVE)
        show_redeemed(invocation_at(tmp_path), redeemed)
    out = capsys.readouterr().out
    assert "30 days were added." in out
    assert "costs 20 % less" in out
    assert "bonus days after your first payment" in out
