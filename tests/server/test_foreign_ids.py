"""What belongs to another account does not exist: its id is answered exactly as one that nobody has, and no list shows it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tortoise.models import Model

from plg_server import app_keys
from plg_server.app import all_routes
from plg_server.models.account_safety import ApiToken
from plg_server.models.accounts import SignIn
from plg_server.models.payments import Payment
from plg_server.models.sessions import Session
from plg_server.routes import Auth, Route
from support.api_driver import ApiDriver, Reply
from support.billing_world import DONATEPAY
from support.callers import Caller, signed_in_as
from support.member_relay import enrolled_relay
from support.payment_signers import ROBOKASSA, robokassa_notice
from support.shared_server import shared_server
from support.struct_examples import example

UNKNOWN = "0123456789abcdef"


async def a_session(api: ApiDriver, owner: Caller) -> str:
    reply = await api.post("/v1/sessions", {"game": "cs2"}, owner.access_token)
    return str(reply.json["session_id"])


async def a_device(api: ApiDriver, owner: Caller) -> str:
    return str((await api.get("/v1/me/devices", owner.access_token)).json["devices"][0]["id"])


async def an_api_token(api: ApiDriver, owner: Caller) -> str:
    reply = await api.post("/v1/me/tokens", {"name": "script", "scopes": ["read"]}, owner.access_token)
    return str(reply.json["api_token"]["id"])


async def a_payment(api: ApiDriver, owner: Caller) -> str:
    asked = {"plan": "monthly", "provider": "robokassa"}
    checkout = (await api.post("/v1/payments/checkout", asked, owner.access_token)).json
    await api.post("/v1/payments/notices/robokassa", data=robokassa_notice(checkout["link"]))
    return str((await api.get("/v1/payments", owner.access_token)).json["payments"][0]["id"])


OWNED: dict[str, tuple[Callable[[ApiDriver, Caller], Awaitable[str]], type[Model]]] = {
    "session_id": (a_session, Session),
    "device_id": (a_device, SignIn),
    "token_id": (an_api_token, ApiToken),
    "payment_id": (a_payment, Payment),
}
"""Ids in addresses that belong to one account: how one is made, and where it stands."""

PUBLIC = {"/v1/games/{slug}", "/v1/payments/notices/{provider}", "/releases/{name}"}
"""Addresses with a name that anybody may know."""

MADE_BY_NAMING = {("PATCH", "/v1/admin/plans/{name}")}
"""Routes of operators that make what they name, so that nothing need be there before."""

OPERATORS = (Auth.SUPPORT, Auth.ADMIN)


def named_in(route: Route) -> list[str]:
    return re.findall(r"{(\w+)}", route.url)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    """Whose a row is stands in each query, which is the same on either engine."""
    async with shared_server(tmp_path, {"billing": "on", **DONATEPAY, **ROBOKASSA}) as api:
        yield api


def test_every_address_with_a_name_in_it_is_owned_public_or_for_operators() -> None:
    unsorted = [
        f"{route.method} {route.url}"
        for route in all_routes()
        if route.auth not in OPERATORS and route.url not in PUBLIC and not set(named_in(route)) <= set(OWNED)
    ]
    assert unsorted == []


async def test_an_id_of_another_account_is_answered_as_one_that_nobody_has(
    api: ApiDriver, logs: list[dict[str, object]]
) -> None:
    await enrolled_relay(api)
    wrong = []
    for route in all_routes():
        if route.auth in OPERATORS or route.url in PUBLIC or not named_in(route):
            continue
        make, model = OWNED[named_in(route)[0]]
        owner, stranger = await with_a_plan(api), await with_a_plan(api)
        theirs = await make(api, owner)
        before = await row_of(api, model, theirs)
        foreign, unknown = await asked(api, route, stranger, theirs), await asked(api, route, stranger, UNKNOWN)
        if foreign.status != 404 or said(foreign, theirs) != said(unknown, UNKNOWN):
            wrong.append(f"{route.method} {route.url}: {foreign.status} {foreign.text} | {unknown.text}")
        if await row_of(api, model, theirs) != before:
            wrong.append(f"{route.method} {route.url} changed what is another's")
        if (own := await asked(api, route, owner, theirs)).status == 404:
            wrong.append(f"{route.method} {route.url}: the owner's own is not found either: {own.text}")
    assert wrong == []
    assert [entry for entry in logs if entry["event"] == "unforeseen"] == []


async def test_no_list_of_an_account_shows_what_is_another_s(api: ApiDriver) -> None:
    await enrolled_relay(api)
    owner, stranger = await with_a_plan(api), await with_a_plan(api)
    secret = [await make(api, owner) for make, _model in OWNED.values()]
    bought = await api.post("/v1/payments/checkout", {"plan": "monthly", "provider": "robokassa"}, owner.access_token)
    referral = (await api.get("/v1/referral", owner.access_token)).json["code"]
    secret += [owner.account_id, bought.json["id"], bought.json["code"], referral]
    lists = [route for route in all_routes() if route.auth is Auth.ACCOUNT and route.method == "GET"]
    assert lists
    for route in lists:
        if not named_in(route):
            shown = (await api.get(route.url, stranger.access_token)).text
            assert [word for word in secret if word in shown] == [], route.url


async def test_what_an_operator_names_and_is_not_there_is_not_found(api: ApiDriver) -> None:
    wrong = []
    for route in all_routes():
        if route.auth in OPERATORS and named_in(route) and (route.method, route.url) not in MADE_BY_NAMING:
            reply = await asked(api, route, await signed_in_as(api, "admin"), UNKNOWN)
            if reply.status != 404:
                wrong.append(f"{route.method} {route.url}: {reply.status} {reply.text}")
    assert wrong == []


async def with_a_plan(api: ApiDriver) -> Caller:
    """Somebody who may start sessions."""
    caller = await signed_in_as(api)
    reply = await api.post("/v1/subscription/trial", token=caller.access_token)
    assert reply.status == 200, reply.text
    return caller


async def asked(api: ApiDriver, route: Route, caller: Caller, name: str) -> Reply:
    """A request of the right form about this id."""
    body = None if route.body is None else example(route.body, {"target": "192.0.2.1:27015", "dry_run": False})
    url = route.url.format(**dict.fromkeys(named_in(route), name))
    return await api.call(route.method, url, caller.access_token, json=body)


def said(reply: Reply, name: str) -> tuple[object, ...]:
    """All that an answer tells, but for the id itself and the request's own number."""
    told = {field: str(value).replace(name, "ID") for field, value in reply.json.items() if field != "request_id"}
    headers = {field: value for field, value in reply.headers.items() if field not in ("X-Request-ID", "Date")}
    return reply.status, told, headers


async def row_of(api: ApiDriver, model: type[Model], name: str) -> dict[str, Any]:
    with api.app[app_keys.DATABASE].active():
        return dict((await model.filter(id=name).values())[0])
