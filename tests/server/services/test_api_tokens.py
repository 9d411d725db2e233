"""API tokens: made, found again, ended."""

import asyncio
from datetime import datetime, timedelta

import pytest

from plg.contract.api_tokens import CreateTokenRequest, Scope
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.account_safety import ApiToken
from plg_server.models.accounts import Account
from plg_server.problems import ApiError
from plg_server.services import api_tokens
from plg_server.services.api_tokens import TOKENS_LIMIT, USE_NOTED_EVERY, create, find, revoke, tokens
from plg_server.services.tokens import token_hash
from support.api_driver import ApiDriver, StartServer
from support.callers import signed_in_as

WISH = CreateTokenRequest(name="backup", scopes=[Scope.CONNECT, Scope.READ, Scope.READ])


async def outcome(token: str, now: datetime) -> str:
    """The id of a token that works, or the code of the refusal."""
    try:
        return (await find(token, now)).id
    except ApiError as refused:
        return refused.code.value


async def test_a_token_is_kept_as_a_hash_works_until_its_end_and_no_longer_when_revoked(
    start_server: StartServer,
) -> None:
    api = await start_server(rate_limits_on=False)
    now = utc_now()
    ann, bob = await signed_in_as(api), await signed_in_as(api)
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(id=ann.account_id)
        made = await create(account, CreateTokenRequest(name="ci", scopes=[Scope.READ], expires_in_days=1), now)
        row = await ApiToken.get(id=made.api_token.id)
        assert made.token.startswith("plg_")
        assert len(made.token) == len("plg_") + 43  # 32 bytes in base64
        assert row.token_hash == token_hash(made.token)
        assert made.token.startswith(made.api_token.prefix)
        assert len(made.api_token.prefix) == 10

        assert await outcome(made.token, now) == row.id
        assert await outcome(made.token[:-1] + "~", now) == "token_invalid"
        assert await outcome(made.token, now + timedelta(days=1)) == "token_expired"
        endless = await create(account, WISH, now)
        assert endless.api_token.scopes == ["read", "connect"]
        assert await outcome(endless.token, now + timedelta(days=4000)) == endless.api_token.id

        with pytest.raises(ApiError, match="no token"):
            await revoke(bob.account_id, row.id, now)
        await revoke(ann.account_id, row.id, now)
        assert await outcome(made.token, now) == "token_invalid"
        with pytest.raises(ApiError, match="no token"):
            await revoke(ann.account_id, row.id, now)
        assert [one.id for one in (await tokens(ann.account_id, 50, 0)).tokens] == [endless.api_token.id]
        assert (await tokens(bob.account_id, 50, 0)).total == 0


async def test_last_use_is_noted_now_and_then(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(id=(await signed_in_as(api)).account_id)
        made = await create(account, WISH, now)
        assert made.api_token.last_used_at is None
        moments = [now, now + USE_NOTED_EVERY / 2, now + USE_NOTED_EVERY]
        noted = []
        for moment in moments:
            await find(made.token, moment)
            noted.append((await ApiToken.get(id=made.api_token.id)).last_used_at)
    assert noted == [moments[0], moments[0], moments[2]]


async def test_scopes_of_operators_are_for_operators(start_server: StartServer) -> None:
    api = await start_server(rate_limits_on=False)
    wish = CreateTokenRequest(name="bot", scopes=[Scope.ADMIN_READ])
    with api.app[app_keys.DATABASE].active():
        player = await Account.get(id=(await signed_in_as(api)).account_id)
        support = await Account.get(id=(await signed_in_as(api, "support")).account_id)
        with pytest.raises(ApiError, match="for operators"):
            await create(player, wish, utc_now())
        assert (await create(support, wish, utc_now())).api_token.scopes == ["admin_read"]
        with pytest.raises(ApiError, match="invisible"):
            await create(player, CreateTokenRequest(name="a\u202eb", scopes=[Scope.READ]), utc_now())


async def test_an_account_has_so_many_tokens_and_no_more_also_when_all_are_made_at_once(
    api: ApiDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TOKENS_LIMIT == 50
    monkeypatch.setattr(api_tokens, "TOKENS_LIMIT", 3)
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(id=(await signed_in_as(api)).account_id)
        made = await asyncio.gather(*(create(account, WISH, utc_now()) for _ in range(6)), return_exceptions=True)
        refused = [one.code.value for one in made if isinstance(one, ApiError)]
        assert refused == ["too_many_tokens"] * 3
        assert await ApiToken.filter(account_id=account.id).count() == 3
