"""Bodies and queries from hostile clients: the right 4xx, one clear line, and nothing else happens."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from plg_server.bodies import BODY_LIMIT_BYTES, one_line
from support.api_driver import ApiDriver, StartServer
from support.callers import signed_in_as

JSON = {"Content-Type": "application/json"}
GOOD = {"email": "player@example.org", "password": "correct horse battery"}


@pytest.fixture
async def api(start_server: StartServer) -> ApiDriver:
    """Bodies are read before any database is asked: one backend is enough here."""
    return await start_server(rate_limits_on=False)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b"not json", 400, "malformed_json"),
        (b'{"email": "player@example.org", "password": "\xff\xfe"}', 400, "malformed_json"),
        (b'{"email": "player@example.org", "password": "correct horse battery"} {}', 400, "malformed_json"),
        (b"\x00" * 100, 400, "malformed_json"),
        (b"null", 422, "invalid_body"),
        (b"[]", 422, "invalid_body"),
        (b'"text"', 422, "invalid_body"),
        (b"[" * 60_000, 422, "invalid_body"),
        (b'{"email":' * 6_000, 422, "invalid_body"),
        (b'{"email": ' + b"[" * 60_000, 422, "invalid_body"),
        (b'{"stranger": ' + b'{"a":' * 10_000, 422, "invalid_body"),
    ],
)
async def test_a_body_that_is_no_request_is_refused(api: ApiDriver, body: bytes, status: int, code: str) -> None:
    reply = await api.post("/v1/auth/register", data=body, headers=JSON)
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    assert "\n" not in reply.json["detail"]
    assert reply.json["detail"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"email": 5}, "email"),
        ({"email": None}, "email"),
        ({"email": "no at sign"}, "email"),
        ({"email": "a@b\u0000c"}, "email"),
        ({"password": "correct\u0000horse battery"}, "NUL character"),
        ({"email": "x" * 250 + "@example.org"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"password": True}, "password"),
        ({"display_name": "line\nbreak"}, "display_name"),
        ({"display_name": ""}, "display_name"),
        ({"role": "admin"}, "role"),
    ],
)
async def test_a_wrong_field_is_named(api: ApiDriver, change: dict[str, object], named: str) -> None:
    reply = await api.post("/v1/auth/register", {**GOOD, **change})
    assert (reply.status, reply.code) == (422, "invalid_body")
    assert named in reply.json["detail"]


async def test_the_spelling_of_a_nul_is_no_nul(api: ApiDriver) -> None:
    reply = await api.post("/v1/auth/login", {"email": "player@example.org", "password": "\\u0000 as six letters"})
    assert (reply.status, reply.code) == (401, "bad_credentials")


@pytest.mark.parametrize("missing", sorted(GOOD))
async def test_a_missing_field_is_named(api: ApiDriver, missing: str) -> None:
    reply = await api.post("/v1/auth/register", {name: value for name, value in GOOD.items() if name != missing})
    assert (reply.status, reply.code) == (422, "invalid_body")
    assert missing in reply.json["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_only_plain_utf8_json_is_read(api: ApiDriver, headers: dict[str, str]) -> None:
    reply = await api.post("/v1/auth/register", data=json.dumps(GOOD).encode(), headers=headers)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


async def test_a_large_body_is_refused_by_its_announced_length(api: ApiDriver) -> None:
    body = b'{"email": "' + b"a" * BODY_LIMIT_BYTES + b'"}'
    reply = await api.post("/v1/auth/register", data=body, headers=JSON)
    assert (reply.status, reply.code) == (413, "body_too_large")


async def test_a_large_body_that_hides_its_length_is_refused_too(api: ApiDriver) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 8192

    reply = await api.post("/v1/auth/register", data=chunks(), headers=JSON)
    assert (reply.status, reply.code) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=10", 200),
        ("limit=ten", 422),
        ("limit=-1", 422),
        ("limit=1e9", 422),
        ("limit=99999999999999999999999", 422),
        ("limit=1&limit=2", 422),
        ("limit=null", 422),
        ("limit=10.5", 422),
        ("limit=010", 422),
        ("limit=true", 422),
        ("stranger=1", 422),
        ("q=%00", 422),
        ("q=%ff%fe", 422),
        ("q=" + "x" * 3000, 422),
    ],
)
async def test_a_query_is_checked_like_a_body(api: ApiDriver, query: str, status: int) -> None:
    reply = await api.get(f"/v1/games?{query}")
    assert reply.status == status, reply.text
    assert status == 200 or reply.code == "invalid_query"


async def test_what_is_no_value_of_the_documented_type_is_not_taken_for_one(api: ApiDriver) -> None:
    operator = await signed_in_as(api, "admin")
    for query in (
        "sessions?since=null",
        "sessions?since=0",
        "sessions?since=0.5",
        "sessions?state=null",
        "users?banned=null",
        "users?banned=1",
        "users?banned=True",
    ):
        reply = await api.get(f"/v1/admin/{query}", operator.access_token)
        assert (reply.status, reply.code) == (422, "invalid_query"), query
    assert (await api.get("/v1/admin/users?banned=true", operator.access_token)).json["total"] == 0


@pytest.mark.parametrize("text", ["null", "7", "true"])
async def test_a_text_stays_a_text(api: ApiDriver, text: str) -> None:
    assert (await api.get(f"/v1/games?query={text}")).status == 200


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_time_outside_the_calendar_is_refused(api: ApiDriver, moment: str) -> None:
    operator = await signed_in_as(api, "admin")
    reply = await api.get("/v1/admin/sessions", operator.access_token, params={"since": moment})
    assert (reply.status, reply.code) == (422, "invalid_query")
    assert "years 1 to 9999" in reply.json["detail"]


@pytest.mark.parametrize("slug", ["%00", "%ff", "UPPER", "a" * 300, "..%2f..%2fetc%2fpasswd", "x;y"])
async def test_a_path_that_cannot_name_anything_is_not_found(api: ApiDriver, slug: str) -> None:
    reply = await api.get(f"/v1/games/{slug}")
    assert (reply.status, reply.code) in {(404, "game_not_found"), (404, "not_found")}


def test_a_line_for_a_person_has_no_line_break_and_an_end() -> None:
    assert one_line("a\nb\tc") == "a b c"
    assert len(one_line("x" * 1000)) == 300


async def half_a_body(api: ApiDriver) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that has sent the head and one byte of a request's body."""
    server = api.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    head = "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
    writer.write(head.encode())
    await writer.drain()
    return reader, writer


async def test_a_body_that_never_comes_whole_is_not_waited_for(api: ApiDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg_server.bodies.BODY_WAIT_S", 0.05)
    reader, writer = await half_a_body(api)
    answer = await reader.readuntil(b"}")
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"detail":"the body did not arrive within 0.05 s"' in answer


async def until_in_flight(api: ApiDriver, requests: float) -> None:
    """Until the server answers this many requests at once, the one that asks for it included."""
    line = f"plg_server_requests_in_flight {requests}\n"
    while line not in (await api.get("/metrics")).text:  # noqa: ASYNC110 - the server is seen from outside, by its metrics
        await asyncio.sleep(0.01)


async def test_a_caller_that_goes_away_is_no_error_of_the_server(api: ApiDriver, logs: list[dict[str, object]]) -> None:
    _reader, writer = await half_a_body(api)
    await until_in_flight(api, 2.0)
    writer.close()
    await until_in_flight(api, 1.0)
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
