"""Bodies that nobody honest sends, on every route that reads one: a 4xx problem with the right code, and nothing is stored."""

import json
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import inspect
from tortoise import Tortoise

from plg_server import app_keys
from plg_server.app import all_routes
from plg_server.bodies import BODY_LIMIT_BYTES
from plg_server.routes import Auth, Route
from support.api_driver import ApiDriver, Reply
from support.billing_world import DONATEPAY
from support.callers import Caller, signed_in_as
from support.member_relay import MemberRelay, enrolled_relay
from support.named_things import named_things
from support.payment_signers import ROBOKASSA
from support.shared_server import shared_server
from support.struct_examples import Place, example, places, with_value

JSON = {"Content-Type": "application/json"}
MALFORMED, INVALID = (400, "malformed_json"), (422, "invalid_body")
TOO_LARGE, NO_JSON = (413, "body_too_large"), (415, "unsupported_media_type")
DEPTH = 10_000
GROWS = "\ufb2c"
"""One character that becomes three in its normal form (NFC)."""
GROWS_AS_ADDRESS_CHARS = 211

RAW_VALUES = {
    "NaN": MALFORMED,
    "-Infinity": MALFORMED,
    '"\\ud800"': MALFORMED,
    '"\\udc00\\ud800"': MALFORMED,
    '"\x00"': MALFORMED,
    '"\\x"': MALFORMED,
    "[" * DEPTH: INVALID,
    '{"a":' * DEPTH: INVALID,
}
"""What may stand in the place of a field's value, and what is answered; each decides before the field's own form matters."""


@dataclass(frozen=True)
class Hostile:
    """One request and what must be answered; None: any refusal or answer that is no fault of the server."""

    name: str
    body: bytes
    expected: tuple[int, str] | None
    headers: tuple[tuple[str, str], ...] = ()


ROUTES = [(route, route.body) for route in all_routes() if route.body is not None]
KNOWN = {"game": "cs2", "plan": "monthly", "provider": "robokassa", "currency": None}
"""Values that lead further into a handler than made-up ones."""


def whole_bodies(good: dict[str, Any]) -> Iterator[Hostile]:
    """Against the reading of the body as a whole."""
    text = json.dumps(good).encode()
    yield Hostile("nothing", b"", MALFORMED)
    yield Hostile("the half", text[: len(text) // 2], MALFORMED)
    yield Hostile("two at once", text + text, MALFORMED)
    yield Hostile("no UTF-8", text[:-1] + b', "\xff\xfe": 1}', MALFORMED)
    yield Hostile("UTF-16", text.decode().encode("utf-16"), MALFORMED)
    yield Hostile("a byte order mark", b"\xef\xbb\xbf" + text, MALFORMED)
    yield Hostile("NULs", b"\x00" * 64, MALFORMED)
    for other in (b"null", b"[]", b'"text"', b"1", b"true", b"[" * DEPTH, b'{"a":' * DEPTH):
        yield Hostile(f"no object: {other[:8]!r}", other, INVALID)
    yield Hostile("an unknown field", text[:-1] + b', "stranger": ' + b"[" * DEPTH, INVALID)
    for raw, expected in RAW_VALUES.items():
        yield Hostile(f"{raw[:12]} as a value", spliced(good, raw), expected)
    yield Hostile("one byte too many", text.ljust(BODY_LIMIT_BYTES + 1), TOO_LARGE)
    for media in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/json; charset=utf-16",
    ):
        yield Hostile(media, text, NO_JSON, (("Content-Type", media),))
    for coding in ("gzip", "deflate", "br", "gzip, gzip"):
        yield Hostile(coding, text, NO_JSON, (("Content-Encoding", coding),))


def wrong_fields(good: dict[str, Any], place: Place) -> Iterator[Hostile]:
    """Against the reading of one field."""
    for value in wrong_values(place):
        yield Hostile(f"{place.name} = {str(value)[:24]}", encoded(good, place, value), INVALID)
    if len(place.path) == 1 and place.required:
        without = {name: value for name, value in good.items() if name != place.path[0]}
        yield Hostile(f"no {place.name}", json.dumps(without).encode(), INVALID)


def strange_fields(good: dict[str, Any], place: Place) -> Iterator[Hostile]:
    """Against what lies behind the reading of one field."""
    for value in strange_values(place):
        yield Hostile(f"{place.name} = {str(value)[:24]}", encoded(good, place, value), None)
    if len(place.path) == 1:
        again = f"{json.dumps(place.path[0])}: {json.dumps(good[str(place.path[0])])}"
        yield Hostile(f"{place.name} twice", f"{json.dumps(good)[:-1]}, {again}}}".encode(), None)


def wrong_values(place: Place) -> Iterator[object]:
    """Values that do not fit the field, whatever else is sent."""
    text: inspect.StrType | None = place.find(inspect.StrType)
    number = place.find(inspect.IntType) or place.find(inspect.FloatType)
    if not place.find(inspect.NoneType):
        yield None
    if not place.find(inspect.BoolType):
        yield True
    if not place.find(inspect.ListType):
        yield [[]]
    if text is not None:
        yield 5
        yield "a\x00b" * max(1, -(-(text.min_length or 1) // 3))
        if text.max_length is not None:
            yield "x" * (text.max_length + 1)
    if number is not None:
        yield "5"
        yield 10**400
        for bound, step in ((number.ge, -1), (number.le, 1)):
            if bound is not None:
                yield bound + step


def strange_values(place: Place) -> Iterator[object]:
    """Values that may fit, but of which something behind the reading could break: as long and as large as they may be."""
    text: inspect.StrType | None = place.find(inspect.StrType)
    if text is not None:
        length = text.max_length or 200
        yield from ("\U0001f3ae" * length, "x" * length, "' OR 1=1 --\u202e"[:length])
        if length >= GROWS_AS_ADDRESS_CHARS:
            yield f"{GROWS * 60}@{GROWS * 150}"
    number: inspect.IntType | None = place.find(inspect.IntType)
    if number is not None:
        yield from (2**31, 2**63 - 1, 2**64 if number.le is None else number.le, 0 if number.ge is None else number.ge)
    if place.find(inspect.FloatType) is not None:
        yield from (1e308, -0.0, 5e-324)
    if place.find(inspect.DateTimeType) is not None:
        yield from (
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "1969-07-20T20:17:40Z",
            "2031-02-30T00:00:00Z",
        )


def encoded(good: dict[str, Any], place: Place, value: object) -> bytes:
    return json.dumps(with_value(good, place, value)).encode()


def spliced(good: dict[str, Any], raw: str) -> bytes:
    """The body with bytes in the place of the first value that no JSON library writes."""
    mark = "the place of the value"
    return json.dumps({**good, next(iter(good)): mark}).replace(json.dumps(mark), raw).encode()


@pytest.mark.timeout(300)
async def test_a_body_that_does_not_fit_is_refused_with_the_right_code_and_leaves_nothing(
    tmp_path: Path, logs: list[dict[str, object]]
) -> None:
    """It is refused before any engine is asked: one backend is enough."""
    async with server(tmp_path, {}) as api:
        relay = await enrolled_relay(api)
        caller = await signed_in_as(api, "admin")
        names = await named_things(api, relay, caller)
        wrong = []
        for route, kind in ROUTES:
            good = example(kind, KNOWN)
            before = await rows(api)
            fields = (hostile for place in places(kind) for hostile in wrong_fields(good, place))
            for hostile in (*whole_bodies(good), *fields):
                reply = await sent(api, route, headers_for(route, caller, relay), hostile, names)
                if (reply.status, reply.code) != hostile.expected or not is_problem(reply):
                    wrong.append(f"{route.method} {route.url} {hostile.name}: {reply.status} {reply.text[:160]}")
            if new := {name: count for name, count in (await rows(api)).items() if count != before[name]}:
                wrong.append(f"{route.method} {route.url} stored something: {new}")
    assert not wrong, "\n".join(wrong)
    assert [entry for entry in logs if entry["event"] in FAULTS] == []


@pytest.mark.timeout(300)
async def test_values_as_long_and_as_large_as_they_may_be_break_nothing_behind_the_reading(
    tmp_path: Path, backend: dict[str, object], logs: list[dict[str, object]]
) -> None:
    async with server(tmp_path, backend) as api:
        relay = await enrolled_relay(api)
        caller = await signed_in_as(api, "admin")
        names = await named_things(api, relay, caller)
        wrong = []
        for route, kind in ROUTES:
            good = example(kind, KNOWN)
            if route.auth is Auth.ACCOUNT and "{session_id}" in route.url:
                names["session_id"] = await new_session(api, relay, caller)
            for hostile in (hostile for place in places(kind) for hostile in strange_fields(good, place)):
                reply = await sent(api, route, headers_for(route, caller, relay), hostile, names)
                if reply.status == 500 or (reply.status >= 400 and not is_problem(reply)):
                    wrong.append(f"{route.method} {route.url} {hostile.name}: {reply.status} {reply.text[:160]}")
    assert not wrong, "\n".join(wrong)
    assert [entry for entry in logs if entry["event"] in FAULTS] == []


@pytest.mark.timeout(300)
async def test_addresses_that_nobody_honest_asks_for_break_nothing(
    tmp_path: Path, backend: dict[str, object], logs: list[dict[str, object]]
) -> None:
    async with server(tmp_path, backend) as api:
        relay = await enrolled_relay(api)
        caller = await signed_in_as(api, "admin")
        names = await named_things(api, relay, caller)
        wrong = []
        for route in all_routes():
            headers = headers_for(route, caller, relay)
            for bad in BAD_NAMES if "{" in route.url else ():
                url = route.url.format(**dict.fromkeys(names, bad))
                body = None if route.body is None else example(route.body)
                reply = await api.call(route.method, url, headers=headers, json=body)
                if reply.status != 404 or not is_problem(reply):
                    wrong.append(f"{route.method} {route.url} {bad[:20]}: {reply.status} {reply.text[:160]}")
            for place in places(route.query) if route.query is not None else ():
                for value in ("\x00", "\ud800", "", *strange_values(place)):
                    query = urlencode({place.name: str(value)}, errors="surrogatepass")
                    reply = await api.get(f"{route.url.format(**names)}?{query}", headers=headers)
                    if reply.status == 500 or (reply.status >= 400 and not is_problem(reply)):
                        wrong.append(f"{route.method} {route.url} {query[:40]}: {reply.status} {reply.text[:160]}")
    assert not wrong, "\n".join(wrong)
    assert [entry for entry in logs if entry["event"] in FAULTS] == []


BAD_NAMES = (
    "%00",
    "%ff%fe",
    "%ED%A0%80",
    "x" * 5000,
    "..%2f..%2fetc%2fpasswd",
    "'%20OR%201=1--",
    "%E2%80%AE",
    "%F0%9F%8E%AE",
    "%0d%0aX:%20y",
)
FAULTS = ("unforeseen", "database_unavailable", "job_failed")


def server(folder: Path, backend: dict[str, object]) -> AbstractAsyncContextManager[ApiDriver]:
    return shared_server(folder, {"billing": "on", **backend, **DONATEPAY, **ROBOKASSA})


def headers_for(route: Route, caller: Caller, relay: MemberRelay) -> dict[str, str]:
    if route.auth is Auth.RELAY:
        return relay.headers
    return {} if route.auth is Auth.NONE else caller.headers


async def new_session(api: ApiDriver, relay: MemberRelay, caller: Caller) -> str:
    await relay.beat()
    reply = await api.post("/v1/sessions", {"game": "cs2"}, caller.access_token)
    assert reply.status == 201, reply.text
    return str(reply.json["session_id"])


async def sent(api: ApiDriver, route: Route, headers: dict[str, str], hostile: Hostile, names: dict[str, str]) -> Reply:
    all_headers = {**headers, **JSON, **dict(hostile.headers)}
    return await api.call(route.method, route.url.format(**names), headers=all_headers, data=hostile.body)


def is_problem(reply: Reply) -> bool:
    """A refusal in the one form that refusals have, with one line for a person."""
    return (
        reply.headers["Content-Type"].startswith("application/problem+json")
        and bool(reply.json["detail"])
        and reply.json["detail"].isprintable()
    )


async def rows(api: ApiDriver) -> dict[str, int]:
    """How many rows each table has, but for those of the server's own rounds."""
    with api.app[app_keys.DATABASE].active():
        models = Tortoise.apps["plg"].values()
        return {model.__name__: await model.all().count() for model in models if model.__name__ not in OWN_ROUNDS}


OWN_ROUNDS = {"Lease", "ProviderPoll", "NodeSilence", "PlanReminder"}
"""Tables that periodic work writes while nobody asks for anything."""
