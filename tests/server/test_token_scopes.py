"""What an API token may call: every route says it, and every route holds it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plg.contract.api_tokens import CreateTokenRequest, Scope
from plg_server import app_keys
from plg_server.app import all_routes
from plg_server.models.accounts import Account
from plg_server.routes import SIGNED_IN, Auth
from plg_server.services.api_tokens import create
from plg_server.token_scopes import ACCOUNT_SCOPES, SIGN_IN_ONLY, Beside, scope_of
from support.api_driver import ApiDriver
from support.callers import signed_in_as
from support.shared_server import shared_server
from support.struct_examples import example


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    """What a token may do is decided before any engine matters."""
    async with shared_server(tmp_path) as api:
        yield api


def test_no_route_of_an_account_is_without_a_place_in_the_table() -> None:
    known = ("/v1/me", *SIGN_IN_ONLY, *(beginning for beginning, _read, _write in ACCOUNT_SCOPES))
    strange = [
        route.url
        for route in all_routes()
        if route.auth is Auth.ACCOUNT and not any(f"{route.url}/".startswith(f"{one.rstrip('/')}/") for one in known)
    ]
    assert strange == []


def test_routes_need_what_their_table_says() -> None:
    needed = {f"{route.method} {route.url}": scope_of(route) for route in all_routes()}
    assert needed["GET /v1/me"] is Scope.READ
    assert needed["GET /v1/payments"] is Scope.READ
    assert needed["POST /v1/payments/checkout"] is Scope.BILLING
    assert needed["POST /v1/sessions"] is Scope.CONNECT
    assert needed["GET /v1/nodes"] is Beside.NOTHING
    assert needed["GET /v1/admin/audit"] is Scope.ADMIN_READ
    assert {need for url, need in needed.items() if " /v1/me/" in url} == {Beside.SIGN_IN}
    of_operators = [scope_of(route) for route in all_routes() if route.auth in (Auth.SUPPORT, Auth.ADMIN)]
    assert set(of_operators) <= {Scope.ADMIN_READ, Scope.ADMIN_WRITE}


async def token_with(api: ApiDriver, role: str, scopes: list[Scope]) -> str:
    caller = await signed_in_as(api, role)
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(id=caller.account_id)
        made = await create(account, CreateTokenRequest(name="t", scopes=scopes), api.app[app_keys.CLOCK]())
    return made.token


async def test_each_scope_opens_its_routes_and_no_other(api: ApiDriver) -> None:
    wrong = []
    for scope in Scope:
        token = await token_with(api, "admin", [scope])
        for route in all_routes():
            if route.auth not in SIGNED_IN:
                continue
            # What the scope opens is called only where that changes nothing: one token serves for all routes.
            opened = scope_of(route) is scope
            if opened and route.method != "GET":
                continue
            path = {} if route.path is None else example(route.path)
            body = None if route.body is None else example(route.body)
            reply = await api.call(route.method, route.url.format(**path), token, json=body)
            if (reply.code != "scope_missing") is not opened:
                wrong.append(f"{route.method} {route.url} with {scope}: {reply.status} {reply.text[:100]}")
    assert wrong == []


async def test_an_operator_s_token_is_worth_nothing_once_the_role_is_gone(api: ApiDriver) -> None:
    caller = await signed_in_as(api, "support")
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(id=caller.account_id)
        wish = CreateTokenRequest(name="t", scopes=[Scope.ADMIN_READ, Scope.READ])
        token = (await create(account, wish, api.app[app_keys.CLOCK]())).token
        assert (await api.get("/v1/admin/audit", token)).status == 200
        await Account.filter(id=account.id).update(role="player")
        assert (await api.get("/v1/admin/audit", token)).code == "forbidden"
        assert (await api.get("/v1/me", token)).status == 200
        await Account.filter(id=account.id).update(banned_at=account.created_at)
        assert (await api.get("/v1/me", token)).code == "account_banned"
