"""Browsers that are signed in, on each engine."""

import asyncio
from datetime import timedelta

import pytest

from plg.contract.accounts import LoginRequest, RegisterRequest
from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.account_safety import SignInPlace
from plg_server.models.accounts import Account, SignIn
from plg_server.models.browser_sessions import BrowserSession
from plg_server.problems import ApiError
from plg_server.services.browser_sessions import MOVED_EVERY, BrowserSessions
from plg_server.services.devices import devices, revoke
from support.api_driver import PASSWORD, ApiDriver
from support.billing_world import MovingClock

HOME, EMAIL = "198.51.100.7", "player@example.org"
LIFETIME = timedelta(days=30)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
async def sessions(api: ApiDriver, clock: MovingClock) -> BrowserSessions:
    await api.register(EMAIL)
    return BrowserSessions(api.app[app_keys.ACCOUNTS], LIFETIME, clock)


async def test_a_token_is_random_kept_as_a_hash_and_stands_for_a_device(
    api: ApiDriver, sessions: BrowserSessions
) -> None:
    with api.app[app_keys.DATABASE].active():
        login = LoginRequest(email=EMAIL.upper(), password=PASSWORD, device="Firefox on Linux")
        token, other = await sessions.sign_in(login, HOME), await sessions.sign_in(login, HOME)
        assert token != other
        assert len(token) >= 43
        assert not await BrowserSession.filter(token_hash=token).exists()
        identity = await sessions.identify(token, HOME)
        assert identity is not None
        assert identity.account.email == EMAIL
        listed = await devices(identity.account.id, identity.sign_in_id, 50, 0)
        assert {(one.name, one.current) for one in listed.devices} == {
            ("Firefox on Linux", True),
            ("Firefox on Linux", False),
        }
        for text in ("", token[:-1], f"{token}x", "é"):
            assert await sessions.identify(text, HOME) is None


async def test_a_wrong_password_makes_nothing(api: ApiDriver, sessions: BrowserSessions) -> None:
    with api.app[app_keys.DATABASE].active():
        with pytest.raises(ApiError) as caught:
            await sessions.sign_in(LoginRequest(email=EMAIL, password="wrong battery"), HOME)
        assert caught.value.code is ErrorCode.BAD_CREDENTIALS
        assert await BrowserSession.all().count() == 0


async def test_it_ends_with_its_sign_in_its_time_and_its_account(
    api: ApiDriver, sessions: BrowserSessions, clock: MovingClock
) -> None:
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(email=EMAIL)

        async def begun() -> tuple[str, str]:
            token = await sessions.begin(account, "x", HOME)
            identity = await sessions.identify(token, HOME)
            assert identity is not None
            return token, identity.sign_in_id

        token, sign_in_id = await begun()
        await sessions.end(sign_in_id)
        assert await sessions.identify(token, HOME) is None
        ended_at = (await SignIn.get(id=sign_in_id)).ended_at
        await sessions.end(sign_in_id)
        assert (await SignIn.get(id=sign_in_id)).ended_at == ended_at

        token, sign_in_id = await begun()
        await revoke(account.id, sign_in_id, utc_now())
        assert await sessions.identify(token, HOME) is None

        token, _ = await begun()
        await Account.filter(id=account.id).update(banned_at=utc_now())
        with pytest.raises(ApiError) as caught:
            await sessions.identify(token, HOME)
        assert caught.value.code is ErrorCode.ACCOUNT_BANNED
        await Account.filter(id=account.id).update(banned_at=None)

        token, _ = await begun()
        clock.forward(days=LIFETIME.days, seconds=1)
        assert await sessions.identify(token, HOME) is None

        clock.forward(days=-LIFETIME.days)
        token, _ = await begun()
        await Account.filter(id=account.id).delete()
        assert await sessions.identify(token, HOME) is None
        assert await BrowserSession.all().count() == 0


async def test_use_moves_the_end_forward_but_writes_seldom(
    api: ApiDriver, sessions: BrowserSessions, clock: MovingClock
) -> None:
    with api.app[app_keys.DATABASE].active():
        token = await sessions.begin(await Account.get(email=EMAIL), "x", HOME)
        (first,) = await BrowserSession.all()
        await sessions.identify(token, "203.0.113.9")
        assert (await BrowserSession.get()).expires_at == first.expires_at
        clock.forward(seconds=MOVED_EVERY.total_seconds() + 1)
        # Tabs that open at once: each is answered, whoever writes.
        answered = await asyncio.gather(*(sessions.identify(token, "203.0.113.9") for _ in range(4)))
        assert None not in answered
        assert (await BrowserSession.get()).expires_at > first.expires_at
        assert (await SignInPlace.get()).network == "203.0.113.0/24"


async def test_a_new_account_is_signed_in_and_a_token_can_be_replaced_by_another_one(
    api: ApiDriver, sessions: BrowserSessions
) -> None:
    with api.app[app_keys.DATABASE].active():
        wish = RegisterRequest(email="new@example.org", password=PASSWORD)
        token, account_id = await sessions.sign_up(wish, "Firefox on Linux", HOME)
        before = await sessions.identify(token, HOME)
        assert before is not None
        assert before.account_id == account_id
        other = await sessions.renew(before.sign_in_id)
        assert other != token
        assert await sessions.identify(token, HOME) is None
        after = await sessions.identify(other, HOME)
        assert after is not None
        assert after.sign_in_id == before.sign_in_id
