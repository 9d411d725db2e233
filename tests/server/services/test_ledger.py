"""Money becomes days once, whatever is said how often, in which order, and by which replica."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.payments import Checkout, Payment
from plg_server.services.codes import NewCode, make_code
from plg_server.services.ledger import Outcome, codes_in, settle
from plg_server.services.payment_facts import FactKind, PaymentFact
from support.api_driver import StartServer
from support.billing_world import DONATEPAY, BillingWorld, begun, billing_world, paid


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> BillingWorld:
    return await billing_world(start_server, backend, **DONATEPAY)


async def settled(world: BillingWorld, fact: PaymentFact) -> Outcome:
    with world.api.app[app_keys.DATABASE].active():
        return await settle(fact, world.clock())


async def reason_of(world: BillingWorld, external_id: str) -> tuple[str, str]:
    with world.api.app[app_keys.DATABASE].active():
        row = await Payment.get(external_id=external_id)
    return row.state, row.reason


async def days(world: BillingWorld, access: str) -> Any:
    return (await world.subscription(access))["days_left"]


async def test_a_payment_gives_its_days_and_stands_in_the_history(world: BillingWorld) -> None:
    access = await world.player()
    checkout = await begun(world, access, currency="RUB")
    assert await settled(world, paid(checkout)) is Outcome.CREDITED
    shown = await world.subscription(access)
    assert (shown["state"], shown["plan"], shown["days_left"]) == ("active", "monthly", 30)
    (payment,) = shown["payments"]
    assert (payment["amount"], payment["currency"], payment["receipt"], payment["state"]) == (
        "499.00",
        "RUB",
        "1",
        "credited",
    )
    assert (await world.api.get("/v1/payments?limit=1&offset=1", access)).json == {
        "payments": [],
        "total": 1,
        "limit": 1,
        "offset": 1,
    }


async def test_a_notice_that_comes_many_times_at_once_on_two_replicas_is_credited_once(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    world = await billing_world(start_server, backend, **DONATEPAY)
    other = await billing_world(start_server, backend, **DONATEPAY)
    access = await world.player()
    fact = paid(await begun(world, access))
    outcomes = await asyncio.gather(*(settled(one, fact) for one in (world, other) * 10))
    assert sorted(outcomes) == sorted([Outcome.CREDITED] + [Outcome.SEEN] * 19)
    assert await days(world, access) == 30
    with world.api.app[app_keys.DATABASE].active():
        assert (await Payment.all().count(), await SubscriptionGrant.all().count()) == (1, 1)


async def test_a_server_that_dies_in_the_middle_credits_when_it_is_told_again(
    world: BillingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = await world.player()
    fact = paid(await begun(world, access))

    async def dies(*_anything: object) -> None:
        raise ConnectionResetError("the database went away")

    with monkeypatch.context() as patch:
        patch.setattr("plg_server.services.ledger.reward", dies)
        with pytest.raises(ConnectionResetError):
            await settled(world, fact)
    with world.api.app[app_keys.DATABASE].active():
        assert (await Payment.exists(), await SubscriptionGrant.exists()) == (False, False)
        assert (await Checkout.get()).state == "open"
    assert await settled(world, fact) is Outcome.CREDITED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount_minor": 49_899}, "short"),
        ({"currency": "USD"}, "wrong_currency"),
        ({"at": utc_now() + timedelta(hours=25)}, "late"),
        ({"comment": "thank you"}, "no_code"),
        ({"comment": "PLG-ZZZZZZZZ"}, "unknown_code"),
        ({"comment": "PLG-ZZZZZZZZ or PLG-YYYYYYYY"}, "many_codes"),
        ({"provider": "robokassa"}, "unknown_code"),
        ({"code": "PLG-" + "A" * 100}, "unknown_code"),
        ({"code": "somebody else's order"}, "unknown_code"),
        ({"number": 5}, "unknown_code"),
    ],
)
async def test_what_does_not_pay_for_a_checkout_waits_for_the_operator(
    start_server: StartServer, changes: dict[str, Any], reason: str
) -> None:
    world = await billing_world(start_server, {}, **DONATEPAY)
    access = await world.player()
    fact = paid(await begun(world, access), **changes)
    assert await settled(world, fact) is Outcome.UNMATCHED
    assert await settled(world, fact) is Outcome.SEEN
    assert await reason_of(world, "1") == ("unmatched", reason)
    assert (await world.subscription(access))["state"] == "none"


async def test_a_checkout_is_paid_once_and_more_than_enough_is_enough(world: BillingWorld) -> None:
    access = await world.player()
    checkout = await begun(world, access)
    facts = [paid(checkout, str(n), amount_minor=60_000) for n in range(6)]
    outcomes = await asyncio.gather(*(settled(world, fact) for fact in facts))
    assert sorted(outcomes) == sorted([Outcome.CREDITED] + [Outcome.UNMATCHED] * 5)
    with world.api.app[app_keys.DATABASE].active():
        reasons = sorted([row.reason for row in await Payment.all()])
    assert reasons == ["duplicate"] * 5 + ["overpaid"]
    assert await days(world, access) == 30


@pytest.mark.parametrize(("kind", "state"), [(FactKind.REFUNDED, "refunded"), (FactKind.CHARGED_BACK, "charged_back")])
async def test_money_that_goes_back_takes_its_days_along(world: BillingWorld, kind: FactKind, state: str) -> None:
    access = await world.player()
    first, second = [paid(await begun(world, access), str(n)) for n in (1, 2)]
    for fact in (first, second):
        await settled(world, fact)
    assert await days(world, access) == 60
    assert await settled(world, replace(first, kind=kind)) is Outcome.TAKEN_BACK
    assert await settled(world, replace(first, kind=kind)) is Outcome.SEEN
    assert await settled(world, first) is Outcome.SEEN
    assert await days(world, access) == 30
    assert (await world.subscription(access))["payments"][1]["state"] == state


async def test_a_refund_that_comes_before_its_payment_is_not_credited_afterwards(world: BillingWorld) -> None:
    access = await world.player()
    fact = paid(await begun(world, access))
    assert await settled(world, replace(fact, kind=FactKind.REFUNDED)) is Outcome.NOTED
    assert await settled(world, fact) is Outcome.SEEN
    assert (await world.subscription(access))["state"] == "none"


async def test_any_order_of_all_that_is_said_ends_without_days(start_server: StartServer) -> None:
    world = await billing_world(start_server, {}, **DONATEPAY)
    access = await world.player()
    order = random.Random(7)
    for number in range(12):
        fact = paid(await begun(world, access), str(number))
        said = [fact, fact, replace(fact, kind=FactKind.REFUNDED), replace(fact, kind=FactKind.CHARGED_BACK)]
        order.shuffle(said)
        await asyncio.gather(*(settled(world, one) for one in said))
        assert (await reason_of(world, str(number)))[0] == "charged_back"
    assert (await world.subscription(access))["state"] == "none"


async def test_a_part_that_goes_back_is_for_the_operator_and_the_whole_is_not(world: BillingWorld) -> None:
    access = await world.player()
    fact = paid(await begun(world, access))
    await settled(world, fact)
    part = replace(fact, kind=FactKind.REFUNDED, refunded_minor=100)
    assert [await settled(world, part) for _ in range(2)] == [Outcome.NOTED, Outcome.SEEN]
    assert (await reason_of(world, "1"), await days(world, access)) == (("credited", "partial_refund"), 30)
    assert await settled(world, replace(part, refunded_minor=49_900)) is Outcome.TAKEN_BACK
    assert (await world.subscription(access))["state"] == "none"


async def test_a_discount_counts_for_one_payment(world: BillingWorld) -> None:
    access = await world.player()
    with world.api.app[app_keys.DATABASE].active():
        await make_code(NewCode("promo", text="WINTER20", percent=20), utc_now())
    await world.api.post("/v1/codes/redeem", {"code": "WINTER20"}, access)
    cheap = [await begun(world, access) for _ in range(2)]
    assert [one["amount"] for one in cheap] == ["399.20", "399.20"]
    assert await settled(world, paid(cheap[0], "1")) is Outcome.CREDITED
    assert await settled(world, paid(cheap[1], "2")) is Outcome.UNMATCHED
    assert await reason_of(world, "2") == ("unmatched", "discount_spent")
    assert (await begun(world, access))["amount"] == "499.00"


async def test_the_first_payment_rewards_both_and_ends_a_cancellation(world: BillingWorld) -> None:
    ann, bob = await world.player("ann@example.org"), await world.player("bob@example.org")
    code = (await world.api.get("/v1/referral", ann)).json["code"]
    await world.api.post("/v1/codes/redeem", {"code": code}, bob)
    await world.api.post("/v1/subscription/trial", token=bob)
    await world.api.post("/v1/subscription/cancel", token=bob)
    facts = [paid(await begun(world, bob), str(n)) for n in (1, 2)]
    for fact in facts:
        await settled(world, fact)
    assert [await days(world, one) for one in (ann, bob)] == [7, 7 + 30 + 7 + 30]
    assert (await world.subscription(bob))["state"] == "active"
    await settled(world, replace(facts[0], kind=FactKind.CHARGED_BACK))
    assert await days(world, ann) == 7  # there is a payment still
    await settled(world, replace(facts[1], kind=FactKind.CHARGED_BACK))
    assert ((await world.subscription(ann))["state"], await days(world, bob)) == ("none", 7)


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("PLG-ABCDEFGH", ["PLG-ABCDEFGH"]),
        ("plg-abcdefgh", ["PLG-ABCDEFGH"]),
        ("Удачи! PLGABCDEFGH.", ["PLG-ABCDEFGH"]),
        ("PLG-ABCDEFGH plg-abcdefgh", ["PLG-ABCDEFGH"]),
        ("PLG-ABCDEFGHJ", []),
        ("XPLG-ABCDEFGH", []),
        ("PLG-ABCDEFGI", []),
        ("", []),
        ("PLG-" * 10_000, []),
    ],
)
def test_a_code_is_found_as_people_write_it(comment: str, codes: list[str]) -> None:
    assert codes_in(comment) == codes
