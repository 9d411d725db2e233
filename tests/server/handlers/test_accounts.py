"""/v1/auth and /v1/me as a client sees them, on both pairs of backends."""

import asyncio
import time
from datetime import datetime

import jwt
import pytest

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account, RefreshToken
from support.api_driver import PASSWORD, ApiDriver, StartServer


async def test_a_player_registers_signs_in_and_sees_the_account(api: ApiDriver) -> None:
    account = await api.register("Player@Example.org")
    tokens = await api.login("player@example.ORG")
    me = await api.get("/v1/me", tokens["access_token"])
    assert me.status == 200
    assert me.json == account
    assert me.json["email"] == "player@example.org"
    assert me.json["plan"] == {"name": "self-hosted", "expires_at": None, "max_sessions": 2}
    assert me.json["totals"] == {"sessions": 0, "seconds": 0, "packets": 0, "bytes": 0}
    assert datetime.fromisoformat(tokens["access_expires_at"]) > utc_now()


async def test_one_address_makes_one_account_whatever_its_case(api: ApiDriver) -> None:
    await api.register("player@example.org")
    again = await api.post("/v1/auth/register", {"email": "PLAYER@example.org", "password": PASSWORD})
    assert (again.status, again.code) == (409, "email_taken")


@pytest.mark.parametrize("change", [{"email": "\u202eplayer@example.org"}, {"display_name": "ad\u200bmin"}])
async def test_names_that_look_like_another_s_are_refused(api: ApiDriver, change: dict[str, str]) -> None:
    reply = await api.post("/v1/auth/register", {"email": "player@example.org", "password": PASSWORD, **change})
    assert (reply.status, reply.code) == (422, "invalid_body")
    assert "invisible" in reply.json["detail"]


async def test_of_registrations_at_the_same_moment_one_wins(api: ApiDriver) -> None:
    body = {"email": "player@example.org", "password": PASSWORD}
    replies = await asyncio.gather(*(api.post("/v1/auth/register", body) for _ in range(5)))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409, 409]


async def test_a_wrong_password_and_an_unknown_address_have_the_same_answer(api: ApiDriver) -> None:
    await api.register()
    wrong = await api.post("/v1/auth/login", {"email": "player@example.org", "password": "x"})
    unknown = await api.post("/v1/auth/login", {"email": "nobody@example.org", "password": "x"})
    assert wrong.status == unknown.status == 401
    assert wrong.json["code"] == "bad_credentials"
    differing = {name for name in wrong.json if wrong.json[name] != unknown.json[name]}
    assert differing == {"request_id"}
    assert wrong.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_unknown_address_costs_as_much_work_as_a_wrong_password(api: ApiDriver) -> None:
    await api.register()

    async def fastest_s(email: str) -> float:
        times = []
        for _ in range(8):
            started = time.perf_counter()
            await api.post("/v1/auth/login", {"email": email, "password": "wrong"})
            times.append(time.perf_counter() - started)
        return min(times)

    known_s, unknown_s = await fastest_s("player@example.org"), await fastest_s("nobody@example.org")
    # Without the work an unknown address is answered in about 2 ms, with it in 20 or more.
    assert 0.5 < unknown_s / known_s < 2


async def test_a_refresh_token_gives_a_new_pair_and_is_spent(api: ApiDriver) -> None:
    await api.register()
    first = await api.login()
    second = await api.refresh(first["refresh_token"])
    assert second.status == 200
    assert second.json["refresh_token"] != first["refresh_token"]
    assert (await api.get("/v1/me", second.json["access_token"])).status == 200


async def test_a_reused_refresh_token_ends_the_whole_sign_in(api: ApiDriver) -> None:
    await api.register()
    other_device = await api.login()
    first = await api.login()
    second = (await api.refresh(first["refresh_token"])).json
    reused = await api.refresh(first["refresh_token"])
    assert (reused.status, reused.code) == (401, "token_reused")
    assert (await api.refresh(second["refresh_token"])).code == "token_invalid"
    assert (await api.get("/v1/me", second["access_token"])).code == "token_invalid"
    assert (await api.get("/v1/me", other_device["access_token"])).status == 200


async def test_of_refreshes_at_the_same_moment_exactly_one_wins(api: ApiDriver) -> None:
    await api.register()
    token = (await api.login())["refresh_token"]
    replies = await asyncio.gather(*(api.refresh(token) for _ in range(8)))
    assert [reply.status for reply in replies].count(200) == 1
    assert {reply.code for reply in replies if reply.status != 200} <= {"token_reused", "token_invalid"}


async def test_a_client_that_races_with_itself_keeps_its_sign_in(api: ApiDriver) -> None:
    await api.register()
    token = (await api.login())["refresh_token"]
    service = api.app[app_keys.ACCOUNTS]
    with api.app[app_keys.DATABASE].active():
        # Straight to the service, so that every call has arrived before the first one is done.
        results = await asyncio.gather(*(service.refresh(token) for _ in range(4)), return_exceptions=True)
    won = [result for result in results if not isinstance(result, BaseException)]
    assert len(won) == 1
    assert (await api.refresh(won[0].refresh_token)).status == 200


async def test_an_expired_refresh_token_is_refused(api: ApiDriver) -> None:
    await api.register()
    tokens = await api.login()
    with api.app[app_keys.DATABASE].active():
        await RefreshToken.all().update(expires_at=datetime.fromisoformat("2020-01-01T00:00:00Z"))
    reply = await api.refresh(tokens["refresh_token"])
    assert (reply.status, reply.code) == (401, "token_expired")


async def test_logout_ends_both_tokens_and_may_be_repeated(api: ApiDriver) -> None:
    await api.register()
    tokens = await api.login()
    body = {"refresh_token": tokens["refresh_token"]}
    assert (await api.post("/v1/auth/logout", body)).status == 204
    assert (await api.post("/v1/auth/logout", body)).status == 204
    assert (await api.get("/v1/me", tokens["access_token"])).code == "token_invalid"
    assert (await api.refresh(tokens["refresh_token"])).code == "token_invalid"


async def test_an_expired_access_token_says_that_it_has_expired(api: ApiDriver) -> None:
    await api.register()
    token = (await api.login())["access_token"]
    secret = (api.app[app_keys.CONFIG].data_dir / "token.key").read_bytes()
    claims = jwt.decode(token, secret, algorithms=["HS256"])
    expired = jwt.encode({**claims, "exp": 1_600_000_000}, secret, algorithm="HS256")
    reply = await api.get("/v1/me", expired)
    assert (reply.status, reply.code) == (401, "token_expired")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "token_missing"),
        ("", "token_missing"),
        ("Basic cGxheWVyOnB3", "token_missing"),
        ("Bearer", "token_missing"),
        ("Bearer x", "token_invalid"),
        ("Bearer " + "x" * 5000, "token_invalid"),
        ("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "token_invalid"),
    ],
)
async def test_without_a_good_token_nobody_is_anybody(api: ApiDriver, authorization: str | None, code: str) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    reply = await api.get("/v1/me", headers=headers)
    assert (reply.status, reply.code) == (401, code)


async def test_a_ban_counts_at_once(api: ApiDriver) -> None:
    await api.register()
    tokens = await api.login()
    with api.app[app_keys.DATABASE].active():
        await Account.all().update(banned_at=utc_now())
    assert (await api.get("/v1/me", tokens["access_token"])).code == "account_banned"
    assert (await api.refresh(tokens["refresh_token"])).code == "account_banned"
    login = await api.post("/v1/auth/login", {"email": "player@example.org", "password": PASSWORD})
    assert (login.status, login.code) == (403, "account_banned")


async def test_closed_registration_lets_nobody_in(start_server: StartServer, backend: dict[str, object]) -> None:
    api = await start_server(**backend, registration_open=False)
    reply = await api.post("/v1/auth/register", {"email": "player@example.org", "password": PASSWORD})
    assert (reply.status, reply.code) == (403, ErrorCode.FORBIDDEN)
