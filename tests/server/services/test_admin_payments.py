"""Payments in an operator's hands: the queue with candidates, each decision once and in the audit log."""

from dataclasses import replace
from datetime import timedelta

import pytest

from plg.contract.admin_payments import AdminPayment, MatchRequest, PaymentActRequest, PaymentListQuery, QueueQuery
from plg.contract.billing import PaymentState
from plg_server.models.audit import AuditEntry
from plg_server.models.mail import OutboxMail
from plg_server.problems import ApiError
from plg_server.services.admin_payments import AdminPayments, payment_file, payments, queue
from plg_server.services.ledger import settle
from plg_server.services.payment_facts import FactKind
from support.api_driver import StartServer
from support.billing_world import paid
from support.operator_world import ACTOR, OperatorWorld, operator_world


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> OperatorWorld:
    return await operator_world(start_server, backend)


def acts(world: OperatorWorld) -> AdminPayments:
    return AdminPayments(ACTOR, world.clock())


async def test_payments_are_listed_by_provider_state_account_and_time(world: OperatorWorld) -> None:
    account_id, access = await world.buyer("one")
    await world.pay(access, "two", amount_minor=1)
    await world.buyer("three", at=world.clock() - timedelta(days=40))
    with world.active:
        assert [row.provider_number for row in (await payments(PaymentListQuery())).payments] == ["two", "one", "three"]
        mine = await payments(PaymentListQuery(account=account_id, state=PaymentState.CREDITED))
        assert [(row.provider_number, row.reason, row.refunded) for row in mine.payments] == [("one", "", "0.00")]
        assert (await payments(PaymentListQuery(provider="stripe"))).total == 0
        since = world.clock() - timedelta(days=1)
        page = await payments(PaymentListQuery(since=since, limit=1, offset=1))
        assert ([row.provider_number for row in page.payments], page.total) == (["one"], 2)


async def test_every_kind_of_trouble_waits_with_its_reason_and_a_chargeback_until_it_was_looked_at(
    world: OperatorWorld,
) -> None:
    _account_id, access = await world.player()
    checkout = await world.pay(access, "good")
    short = await world.pay(access, "short", amount_minor=1)
    with world.active:
        for number, changes in (
            ("duplicate", {}),
            ("foreign", {"currency": "USD"}),
            ("none", {"comment": "hello"}),
        ):
            await settle(paid(checkout, number, **{"at": world.clock(), **changes}), world.clock())
        late = world.clock() + timedelta(days=30)
        await settle(paid(short, "late", at=late), world.clock())
        fact = paid(checkout, "good")
        await settle(replace(fact, kind=FactKind.REFUNDED, refunded_minor=5), world.clock())
        page = await queue(QueueQuery())
        assert {one.payment.provider_number: one.payment.reason for one in page.waiting} == {
            "short": "short",
            "duplicate": "duplicate",
            "foreign": "wrong_currency",
            "none": "no_code",
            "late": "late",
            "good": "partial_refund",
        }
        assert page.total == 6
        await settle(replace(fact, kind=FactKind.CHARGED_BACK), world.clock())
        (bad,) = [one.payment for one in (await queue(QueueQuery())).waiting if one.payment.provider_number == "good"]
        assert (bad.state, bad.plan) == (PaymentState.CHARGED_BACK, "monthly")
        looked = await acts(world).dismiss(bad.id, PaymentActRequest())
        assert (looked.after.state, looked.after.reviewed_at is None) == (PaymentState.CHARGED_BACK, False)
        with pytest.raises(ApiError, match="waits for a decision"):
            await acts(world).dismiss(bad.id, PaymentActRequest())
        assert (await queue(QueueQuery())).total == 5


async def test_a_payment_is_matched_with_a_candidate_and_a_try_changes_nothing(world: OperatorWorld) -> None:
    account_id, access = await world.buyer("lost", comment="I forgot it")
    with world.active:
        (waiting,) = (await queue(QueueQuery())).waiting
        (candidate,) = waiting.candidates
        assert (candidate.account_id, candidate.amount, candidate.state) == (account_id, waiting.payment.amount, "open")
        for dry_run in (True, False):
            request = MatchRequest(checkout_id=candidate.id, dry_run=dry_run)
            change = await acts(world).match(waiting.payment.id, request)
            assert (change.after.state, change.after.email) == (PaymentState.CREDITED, candidate.email)
            assert change.plan_ends_at is not None
            assert await AuditEntry.all().count() == (0 if dry_run else 1)
            assert await OutboxMail.filter(kind="receipt").count() == (0 if dry_run else 1)
        with pytest.raises(ApiError, match="waits for a decision"):
            await acts(world).match(waiting.payment.id, MatchRequest(checkout_id=candidate.id))
    assert (await world.billing.subscription(access))["days_left"] == 30
    assert (await payment_of(world, waiting.payment.id)).checkout_id == candidate.id


async def payment_of(world: OperatorWorld, payment_id: str) -> AdminPayment:
    with world.active:
        return (await payment_file(payment_id)).payment


async def test_a_refund_made_elsewhere_takes_the_days_and_what_is_unknown_is_not_found(world: OperatorWorld) -> None:
    _account_id, access = await world.buyer("back")
    with world.active:
        (row,) = (await payments(PaymentListQuery())).payments
        tried = await acts(world).refunded(row.id, PaymentActRequest(dry_run=True))
        assert (tried.after.state, tried.plan_ends_at) == (PaymentState.REFUNDED, None)
    assert (await world.billing.subscription(access))["state"] == "active"
    with world.active:
        done = await acts(world).refunded(row.id, PaymentActRequest())
        assert done.after.refunded == done.before.amount
        for act in (acts(world).refunded, acts(world).dismiss):
            with pytest.raises(ApiError):
                await act("0" * 16, PaymentActRequest())
        with pytest.raises(ApiError, match="no payment"):
            await payment_file("0" * 16)
    assert (await world.billing.subscription(access))["state"] == "none"
    assert await world.acts() == [f"payments.refunded payment:{row.id}"]
