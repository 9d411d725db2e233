"""Days: they stack, each reason gives them once, and what is taken back moves the rest forward."""

from datetime import UTC, datetime, timedelta

import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant
from plg_server.services.entitlement import Days, give, periods, standing, take_back, write_end
from support.api_driver import ApiDriver

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def grant(days: int, given: datetime, **more: object) -> SubscriptionGrant:
    return SubscriptionGrant(id=f"{given:%d}", days=days, granted_at=given, revoked_at=None, **more)


def month(number: int, days: int = 30, source: str = "payment", sessions: int = 2) -> Days:
    return Days("monthly", sessions, days, source, str(number))


async def given(account_id: str, days: Days, now: datetime) -> None:
    async with in_transaction():
        await give(account_id, days, now)


def test_a_grant_begins_where_the_one_before_it_ends_and_after_a_pause_at_once() -> None:
    placed = periods([grant(30, NOW + 10 * DAY), grant(30, NOW), grant(5, NOW + 90 * DAY)])
    assert [(one.starts_at, one.ends_at) for one in placed] == [
        (NOW, NOW + 30 * DAY),
        (NOW + 30 * DAY, NOW + 60 * DAY),
        (NOW + 90 * DAY, NOW + 95 * DAY),
    ]


async def test_days_stack_and_the_account_shows_the_end(api: ApiDriver) -> None:
    account_id = (await api.register())["id"]
    with api.app[app_keys.DATABASE].active():
        await given(account_id, month(1, sessions=5), NOW)
        await given(account_id, month(2), NOW + 20 * DAY)
        account = await Account.get(id=account_id)
        assert (account.plan_expires_at, account.plan_max_sessions) == (NOW + 60 * DAY, 5)
        assert len(await standing(account_id, NOW + 31 * DAY)) == 1


async def test_a_reason_gives_once(api: ApiDriver) -> None:
    account_id = (await api.register())["id"]
    with api.app[app_keys.DATABASE].active():
        await given(account_id, month(1), NOW)
        with pytest.raises(IntegrityError):
            await given(account_id, month(1), NOW)
        assert (await Account.get(id=account_id)).plan_expires_at == NOW + 30 * DAY


async def test_what_is_taken_back_leaves_the_later_days_whole(api: ApiDriver) -> None:
    account_id = (await api.register())["id"]
    with api.app[app_keys.DATABASE].active():
        await given(account_id, month(1), NOW)
        await given(account_id, month(2), NOW + 20 * DAY)
        async with in_transaction():
            assert await take_back("payment", "1", "refunded", NOW + 25 * DAY)
        assert (await Account.get(id=account_id)).plan_expires_at == NOW + 50 * DAY
        async with in_transaction():
            assert not await take_back("payment", "1", "refunded", NOW + 25 * DAY)
            assert not await take_back("payment", "never", "refunded", NOW)
            assert await take_back("payment", "2", "charged_back", NOW + 26 * DAY)
        account = await Account.get(id=account_id)
    assert (account.plan_name, account.plan_expires_at) == (None, None)


async def test_a_plan_without_an_end_is_not_made_shorter_by_days(api: ApiDriver) -> None:
    account_id = (await api.register())["id"]
    with api.app[app_keys.DATABASE].active():
        await Account.filter(id=account_id).update(plan_name="friend")
        await given(account_id, month(1), NOW)
        account = await Account.get(id=account_id)
    assert (account.plan_name, account.plan_expires_at) == ("friend", None)


async def test_a_plan_without_an_end_keeps_it_until_it_is_told_to_lose_it_and_days_say_why(api: ApiDriver) -> None:
    account_id = (await api.register())["id"]
    with api.app[app_keys.DATABASE].active():
        await given(account_id, Days("monthly", 2, 30, "operator", "1", note="a fault of ours"), NOW)
        await Account.filter(id=account_id).update(plan_name="yearly", plan_expires_at=None)
        await given(account_id, month(2), NOW)
        assert (await Account.get(id=account_id)).plan_expires_at is None
        async with in_transaction():
            await write_end(account_id, NOW, also_endless=True)
        assert (await Account.get(id=account_id)).plan_expires_at == NOW + 60 * DAY
        assert (await SubscriptionGrant.get(source="operator")).note == "a fault of ours"
