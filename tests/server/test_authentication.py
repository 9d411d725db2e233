"""Who may call which kind of route. Bearer tokens themselves: handlers/test_accounts.py."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.authentication import account_authenticators
from plg_server.models.accounts import Account
from plg_server.problems import ApiError
from plg_server.routes import Auth
from support.api_driver import ApiDriver, StartServer


async def asked(api: ApiDriver, kind: Auth, authorization: str | None) -> web.Request:
    """Run the check of this kind for a request with this header."""
    headers = {} if authorization is None else {"Authorization": authorization}
    request = make_mocked_request("GET", "/", headers=headers, app=api.app)
    with api.app[app_keys.DATABASE].active():
        await account_authenticators()[kind](request)
    return request


async def test_an_optional_account_is_nobody_or_somebody_but_never_a_bad_token(start_server: StartServer) -> None:
    api = await start_server()
    token = await api.signed_in()
    assert app_keys.IDENTITY not in await asked(api, Auth.OPTIONAL, None)
    request = await asked(api, Auth.OPTIONAL, f"Bearer {token}")
    assert request[app_keys.IDENTITY].account.email == "player@example.org"
    with pytest.raises(ApiError) as caught:
        await asked(api, Auth.OPTIONAL, "Bearer stale")
    assert caught.value.code is ErrorCode.TOKEN_INVALID


async def test_an_operators_route_needs_an_operator(start_server: StartServer) -> None:
    api = await start_server()
    token = await api.signed_in()
    with pytest.raises(ApiError) as caught:
        await asked(api, Auth.ADMIN, f"Bearer {token}")
    assert caught.value.code is ErrorCode.FORBIDDEN
    with api.app[app_keys.DATABASE].active():
        await Account.all().update(role="admin")
    assert (await asked(api, Auth.ADMIN, f"bearer  {token} "))[app_keys.IDENTITY].account.role == "admin"


async def test_an_open_route_does_not_look_at_tokens(start_server: StartServer) -> None:
    api = await start_server()
    assert app_keys.IDENTITY not in await asked(api, Auth.NONE, "Bearer stale")
