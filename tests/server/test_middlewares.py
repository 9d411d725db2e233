"""Request ids, problem documents, CORS, logs."""

from typing import Any

import msgspec
import pytest

from plg.contract.problem import Problem
from support.api_driver import PASSWORD, ApiDriver, StartServer


@pytest.fixture
async def api(start_server: StartServer) -> ApiDriver:
    """These do not depend on the backend."""
    return await start_server(rate_limits_on=False)


async def test_every_answer_has_a_request_id_and_an_error_repeats_it(api: ApiDriver) -> None:
    reply = await api.get("/v1/me")
    assert reply.json["request_id"] == reply.headers["X-Request-ID"]
    assert len(reply.headers["X-Request-ID"]) == 16


@pytest.mark.parametrize(
    ("given", "kept"), [("trace-0123456789", True), ("short", False), ("x" * 65, False), ("a b; drop", False)]
)
async def test_a_clients_request_id_is_kept_when_it_is_harmless(api: ApiDriver, given: str, kept: bool) -> None:
    reply = await api.get("/healthz", headers={"X-Request-ID": given})
    assert (reply.headers["X-Request-ID"] == given) is kept


async def test_an_unknown_address_is_a_problem_document(api: ApiDriver) -> None:
    reply = await api.get("/v1/nothing")
    problem = msgspec.json.decode(reply.text, type=Problem)
    assert (reply.status, problem.code, problem.status) == (404, "not_found", 404)


async def test_a_wrong_method_names_the_right_ones(api: ApiDriver) -> None:
    reply = await api.call("DELETE", "/v1/auth/login")
    assert (reply.status, reply.code, reply.headers["Allow"]) == (405, "method_not_allowed", "POST")


async def test_answers_are_not_kept_by_caches_nor_sniffed(api: ApiDriver) -> None:
    reply = await api.get("/healthz")
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "aiohttp" not in reply.headers["Server"]


async def test_without_configured_origins_there_is_no_cors_header(api: ApiDriver) -> None:
    reply = await api.get("/healthz", headers={"Origin": "https://evil.example"})
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]


async def test_a_configured_origin_may_call_and_another_may_not(start_server: StartServer) -> None:
    api = await start_server(cors_origins=["https://panel.example"])
    preflight = {"Origin": "https://panel.example", "Access-Control-Request-Method": "POST"}
    allowed = await api.call("OPTIONS", "/v1/auth/login", headers=preflight)
    assert allowed.status == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://panel.example"
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    refused = await api.call("OPTIONS", "/v1/auth/login", headers={**preflight, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert refused.status == 405
    error = await api.get("/v1/me", headers={"Origin": "https://panel.example"})
    assert error.headers["Access-Control-Allow-Origin"] == "https://panel.example"
    assert error.headers["Vary"] == "Origin"


async def test_the_log_names_route_and_status_and_no_secret(api: ApiDriver, logs: list[Any]) -> None:
    token = await api.signed_in()
    await api.get("/v1/me?secret=1", token)
    lines = [line for line in logs if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("POST", "/v1/auth/register", 201),
        ("POST", "/v1/auth/login", 200),
        ("GET", "/v1/me", 200),
    ]
    for secret in (token, PASSWORD, "secret=1", "player@example.org"):
        assert secret not in str(logs)


async def test_what_nobody_foresaw_says_nothing_to_the_client(
    api: ApiDriver, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await api.signed_in()
    monkeypatch.setattr("plg_server.services.accounts.AccountService.describe", lambda *_: 1 / 0)
    reply = await api.get("/v1/me", token)
    assert (reply.status, reply.code) == (500, "internal")
    assert "division" not in reply.text
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["unforeseen"]
