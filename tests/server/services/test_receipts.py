"""Receipts: of every credited payment one with a number that stays, and for nobody but its payer."""

from datetime import timedelta

import pytest

from plg_server.ids import utc_now
from plg_server.services.receipts import receipt_number
from support.api_driver import StartServer
from support.operator_world import OperatorWorld, operator_world


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> OperatorWorld:
    return await operator_world(start_server, backend, billing_seller="ООО Пинг")


async def test_a_receipt_says_what_was_paid_to_whom_and_stays_the_same_after_a_refund(world: OperatorWorld) -> None:
    _account_id, access = await world.buyer("tx-1")
    (payment,) = (await world.ask("GET", "/v1/payments", access))["payments"]
    url = f"/v1/payments/{payment['id']}/receipt"
    receipt = await world.ask("GET", url, access)
    assert receipt["number"] == f"{payment['paid_at'][:10].replace('-', '')}-{payment['id'].upper()}"
    told = ("seller", "plan", "days", "currency", "amount", "refunded", "state", "provider_number", "discount_percent")
    assert [receipt[name] for name in told] == [
        "ООО Пинг",
        "monthly",
        30,
        "RUB",
        "499.00",
        "0.00",
        "credited",
        "tx-1",
        0,
    ]
    await world.ask("POST", f"/v1/admin/payments/{payment['id']}/refunded", world.admin, {})
    after = await world.ask("GET", url, access)
    assert (after["number"], after["state"], after["refunded"]) == (receipt["number"], "refunded", "499.00")


async def test_somebody_elses_payment_and_one_that_was_never_credited_are_not_found(world: OperatorWorld) -> None:
    _account_id, access = await world.buyer("1", amount_minor=1)
    (payment,) = (await world.ask("GET", "/v1/payments", access))["payments"]
    url = f"/v1/payments/{payment['id']}/receipt"
    assert (await world.ask("GET", url, access, status=404))["code"] == "not_found"
    _other, owner = await world.buyer("2")
    (theirs,) = (await world.ask("GET", "/v1/payments", owner))["payments"]
    for token in (access, world.admin):
        await world.ask("GET", f"/v1/payments/{theirs['id']}/receipt", token, status=404)
    await world.ask("GET", "/v1/payments/nonsense/receipt", access, status=404)


async def test_the_history_lists_days_in_their_place_in_time(world: OperatorWorld) -> None:
    _account_id, access = await world.player()
    await world.ask("POST", "/v1/subscription/trial", access)
    await world.pay(access, "1")
    newest, oldest = (await world.ask("GET", "/v1/subscription/history", access))["grants"]
    assert (oldest["source"], newest["source"], newest["starts_at"]) == ("trial", "payment", oldest["ends_at"])


def test_a_number_is_the_day_and_the_payment() -> None:
    moment = utc_now().replace(year=2026, month=1, day=31)
    assert receipt_number("0123456789abcdef", moment) == "20260131-0123456789ABCDEF"
    assert receipt_number("a", moment) != receipt_number("b", moment + timedelta(days=1))
