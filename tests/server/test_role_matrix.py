"""Every route and every kind of caller: who is let in, and with which code the others are turned away."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plg.contract.api_tokens import Scope
from plg_server.app import all_routes
from plg_server.routes import SIGNED_IN, Auth, Route
from support.api_driver import ApiDriver, Reply
from support.callers import api_token, signed_in_as
from support.member_relay import MemberRelay, enrolled_relay
from support.shared_server import shared_server
from support.struct_examples import example

MISSING, INVALID, BANNED, FORBIDDEN = "token_missing", "token_invalid", "account_banned", "forbidden"
SCOPE = "scope_missing"
STATUS = {MISSING: 401, INVALID: 401, BANNED: 403, FORBIDDEN: 403, SCOPE: 403}
"""What turns a caller away for who it is. A 403 with another code is an answer of the route itself."""

IN = None
CALLERS = ("nobody", "stale", "signed out", "banned", "banned admin", "player", "support", "admin", "relay")
RULES: dict[str, tuple[str | None, ...]] = {
    #            nobody   stale    out      banned   b. admin player     support    admin      relay
    "none":     (IN,      IN,      IN,      IN,      IN,      IN,        IN,        IN,        IN),
    "optional": (IN,      INVALID, INVALID, BANNED,  BANNED,  IN,        IN,        IN,        IN),
    "account":  (MISSING, INVALID, INVALID, BANNED,  BANNED,  IN,        IN,        IN,        MISSING),
    "support":  (MISSING, INVALID, INVALID, BANNED,  BANNED,  FORBIDDEN, IN,        IN,        MISSING),
    "admin":    (MISSING, INVALID, INVALID, BANNED,  BANNED,  FORBIDDEN, FORBIDDEN, IN,        MISSING),
    "relay":    (MISSING, MISSING, MISSING, MISSING, MISSING, MISSING,   MISSING,   MISSING,   IN),
}  # fmt: skip

READING, CHANGING = {"GET"}, {"POST", "PUT", "PATCH", "DELETE"}
PLAYING = r"/v1/(sessions|routes|benchmarks)(/.*)?"
PAYING = r"/v1/(subscription|payments|codes|referral)(/.*)?"
SCOPES: dict[Scope, tuple[tuple[set[str], str], ...]] = {
    Scope.READ: ((READING, r"/v1/me"), (READING, PLAYING), (READING, PAYING)),
    Scope.CONNECT: ((CHANGING, PLAYING),),
    Scope.BILLING: ((CHANGING, PAYING),),
    Scope.ADMIN_READ: ((READING, r"/v1/admin/.*"),),
    # The first admin is a person who signed in, no script.
    Scope.ADMIN_WRITE: ((CHANGING, r"/v1/admin/(?!claim$).*"),),
}
"""What opens to an API token with one scope, of all that needs an account. Nothing else does, whoever holds it."""

ANOTHER_MEANING: dict[tuple[str, str], str] = {
    # The token in the body is refused, whoever sends it.
    ("POST", "/v1/auth/refresh"): INVALID,
}
"""Routes where one of the codes does not say who the caller is."""


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    """Who is let in is decided before any engine matters: one backend is enough here."""
    async with shared_server(tmp_path) as api:
        yield api


def test_every_kind_of_route_has_its_line_and_every_line_all_callers() -> None:
    assert {kind.value for kind in Auth} <= set(RULES)
    assert {len(line) for line in RULES.values()} == {len(CALLERS)}
    assert set(SCOPES) == set(Scope)
    assert set(ANOTHER_MEANING) <= {(route.method, route.url) for route in all_routes()}


async def test_each_caller_is_let_in_or_turned_away_as_the_table_says(
    api: ApiDriver, logs: list[dict[str, object]]
) -> None:
    relay = await enrolled_relay(api)
    wrong = []
    for route in all_routes():
        for caller, rule in zip(CALLERS, RULES[route.auth.value], strict=True):
            reply = await asked(api, route, await headers_of(api, caller, relay))
            if not is_answer(route, reply, rule):
                wrong.append(f"{route.method} {route.url} {caller}: {rule or 'let in'}, not {reply.text[:200]}")
    assert wrong == []
    assert [entry for entry in logs if entry["event"] == "unforeseen"] == []


async def test_an_api_token_opens_what_its_scope_says_and_nothing_else(api: ApiDriver) -> None:
    wrong = []
    for route in all_routes():
        for scope, doors in SCOPES.items():
            is_door = any(route.method in methods and re.fullmatch(door, route.url) for methods, door in doors)
            for role in ("admin", "player"):
                rule = RULES[route.auth.value][CALLERS.index(role)]
                if rule is IN and route.auth in SIGNED_IN and not is_door:
                    rule = SCOPE
                if route.auth is Auth.RELAY:
                    rule = MISSING
                token = await api_token(api, role, scope, made_as="admin")
                reply = await asked(api, route, {"Authorization": f"Bearer {token}"})
                if not is_answer(route, reply, rule):
                    wrong.append(
                        f"{route.method} {route.url} {scope} of {role}: {rule or 'let in'}, not {reply.text[:200]}"
                    )
    assert wrong == []


def is_answer(route: Route, reply: Reply, rule: str | None) -> bool:
    """Whether the caller was let in, or turned away with this code."""
    code = reply.code if reply.status >= 400 else None
    turned_away = code in STATUS and code != ANOTHER_MEANING.get((route.method, route.url))
    told = (reply.status, code) if turned_away else IN
    return told == (IN if rule is IN else (STATUS[rule], rule)) and reply.status != 500


async def headers_of(api: ApiDriver, caller: str, relay: MemberRelay) -> dict[str, str]:
    """A new account for each request, so that no act takes the next one's rights away."""
    match caller:
        case "nobody":
            return {}
        case "stale":
            return {"Authorization": "Bearer e30.e30.e30"}
        case "relay":
            return relay.headers
    role = {"support": "support", "admin": "admin", "banned admin": "admin"}.get(caller, "player")
    made = await signed_in_as(api, role, banned=caller.startswith("banned"), ended=caller == "signed out")
    return made.headers


async def asked(api: ApiDriver, route: Route, headers: dict[str, str]) -> Reply:
    """A request that has the right form, about things that do not exist."""
    path = {} if route.path is None else example(route.path)
    body = None if route.body is None else example(route.body)
    return await api.call(route.method, route.url.format(**path), headers=headers, json=body)
