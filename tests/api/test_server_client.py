"""The public routes, one by one, and what happens to a token on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from plg.api import server_client
from plg.api.credentials import FixedToken, StoredSignIn
from plg.api.errors import NotSignedIn, NotSignedInReason, ServerMisbehaved, ServerRefused, ServerUnreachable
from plg.api.server_client import ServerClient, open_server
from plg.api.token_store import Keeping, SignIn, TokenStore
from plg.contract.accounts import LoginRequest, RegisterRequest, TokenPair
from plg.contract.benchmarks import BenchmarkPage, BenchmarkReceipt, BenchmarkSummaries
from plg.contract.billing import CheckoutRequest, Redeemed
from plg.contract.nodes import NodeList
from plg.contract.routes import RouteRequest
from plg.contract.sessions import (
    ApproveTargetRequest,
    ReplaceTransitsRequest,
    SessionGrant,
    SessionPage,
    SessionRecord,
    StartSessionRequest,
    StopSessionRequest,
)
from plg_server.services.tokens import AccessTokens, load_token_secret
from support.contract_bodies import (
    account,
    benchmark_report,
    game_detail,
    game_page,
    node,
    route_report,
    token_pair,
)
from support.local_server import Script, json_answer, problem_answer, real_server, serving
from support.plan_bodies import CHECKOUT, PLANS, REFERRAL, SUBSCRIPTION
from support.session_bodies import session_grant, session_record

PASSWORD = "correct horse battery"


def memory_store(directory: Path) -> TokenStore:
    return TokenStore(directory / "c", keeping=Keeping.FILE, notify=lambda notice: None)


def keep(store: TokenStore, server: str, pair: TokenPair) -> None:
    with store.lock():
        store.save(server, SignIn(email="ann@example.org", tokens=pair))


async def signed_up(client: ServerClient) -> TokenPair:
    await client.register(RegisterRequest(email="ann@example.org", password=PASSWORD))
    return await client.login(LoginRequest(email="ann@example.org", password=PASSWORD))


def overdue(data_dir: Path, pair: TokenPair) -> TokenPair:
    """The same sign-in with an access token that was over an hour ago, signed by the server's own key."""
    tokens = AccessTokens(load_token_secret(None, data_dir), 60)
    old, _end = tokens.issue(tokens.read(pair.access_token), datetime.now(UTC) - timedelta(hours=1))
    return msgspec.structs.replace(pair, access_token=old)


async def test_an_account_from_registering_to_logging_out_at_the_real_server(tmp_path: Path) -> None:
    store = memory_store(tmp_path)
    with serving(real_server(tmp_path / "server")) as url:
        async with open_server(url) as client:
            pair = await signed_up(client)
            assert (await client.account_of(pair.access_token)).email == "ann@example.org"
        keep(store, url, pair)
        async with open_server(url, StoredSignIn(url, store)) as client:
            assert (await client.account()).email == "ann@example.org"
            await client.logout(pair.refresh_token)
            with pytest.raises(NotSignedIn) as caught:
                await client.account()
    assert caught.value.reason is NotSignedInReason.ENDED


async def test_an_overdue_token_is_renewed_in_passing_at_the_real_server(tmp_path: Path) -> None:
    store = memory_store(tmp_path)
    with serving(real_server(tmp_path / "server")) as url:
        async with open_server(url) as client:
            keep(store, url, overdue(tmp_path / "server", await signed_up(client)))
        async with open_server(url, StoredSignIn(url, store)) as client:
            calls = await asyncio.gather(*(client.account() for _number in range(5)))
        assert {answer.email for answer in calls} == {"ann@example.org"}
        async with open_server(url, StoredSignIn(url, store)) as client:
            assert (await client.account()).email == "ann@example.org"


async def test_a_wrong_password_is_a_refusal_at_the_real_server(tmp_path: Path) -> None:
    with serving(real_server(tmp_path / "server")) as url:
        async with open_server(url) as client:
            await signed_up(client)
            with pytest.raises(ServerRefused) as caught:
                await client.login(LoginRequest(email="ann@example.org", password="wrong"))
    assert (caught.value.code, caught.value.status) == ("bad_credentials", 401)


@dataclass(frozen=True)
class Route:
    """A call, the request that it must make, and the body that answers it."""

    request: str
    answer: msgspec.Struct
    call: Callable[[ServerClient], Awaitable[object]]
    signed: bool


def session_page() -> SessionPage:
    return SessionPage(sessions=[session_record()], total=1, limit=10, offset=0)


ROUTES = [
    Route("GET /v1/me", account(), lambda client: client.account(), signed=True),
    Route("GET /v1/games", game_page(), lambda client: client.games(query="a b", limit=10), signed=False),
    Route("GET /v1/games/a%2Fb", game_detail(), lambda client: client.game("a/b"), signed=False),
    Route("GET /v1/nodes", NodeList(nodes=[node()]), lambda client: client.nodes(game="openarena"), signed=True),
    Route(
        "POST /v1/sessions",
        session_grant(),
        lambda client: client.start_session(StartSessionRequest(game="openarena")),
        signed=True,
    ),
    Route("POST /v1/sessions/s1/renew", session_grant(), lambda client: client.renew_session("s1"), signed=True),
    Route(
        "POST /v1/sessions/s1/targets",
        session_grant(),
        lambda client: client.approve_target("s1", ApproveTargetRequest(target="192.0.2.1:27960")),
        signed=True,
    ),
    Route(
        "POST /v1/sessions/s1/stop",
        session_record(),
        lambda client: client.stop_session("s1", StopSessionRequest()),
        signed=True,
    ),
    Route(
        "POST /v1/sessions/s1/transits",
        session_grant(),
        lambda client: client.replace_transits("s1", ReplaceTransitsRequest(exclude=["ams1"])),
        signed=True,
    ),
    Route("POST /v1/routes", route_report(), lambda client: client.routes(RouteRequest(game="openarena")), signed=True),
    Route(
        "POST /v1/benchmarks",
        BenchmarkReceipt(id="b1", left_today=3, day_ends_at="2030-01-01T00:00:00Z"),
        lambda client: client.send_benchmark(benchmark_report()),
        signed=True,
    ),
    Route(
        "GET /v1/benchmarks",
        BenchmarkSummaries(days=30, summaries=[]),
        lambda client: client.benchmarks(game="openarena"),
        signed=False,
    ),
    Route(
        "GET /v1/benchmarks/mine",
        BenchmarkPage(benchmarks=[], total=0, limit=10, offset=0, kept_days=90),
        lambda client: client.own_benchmarks(limit=10),
        signed=True,
    ),
    Route("GET /v1/sessions", session_page(), lambda client: client.sessions(limit=10), signed=True),
    Route("GET /v1/plans", PLANS, lambda client: client.plans(), signed=False),
    Route("GET /v1/subscription", SUBSCRIPTION, lambda client: client.subscription(), signed=True),
    Route("POST /v1/subscription/trial", SUBSCRIPTION, lambda client: client.start_trial(), signed=True),
    Route("POST /v1/subscription/cancel", SUBSCRIPTION, lambda client: client.cancel_subscription(), signed=True),
    Route(
        "POST /v1/codes/redeem",
        Redeemed(kind="gift", days=30, discount_percent=0, subscription=SUBSCRIPTION),
        lambda client: client.redeem("GIFT-1"),
        signed=True,
    ),
    Route("GET /v1/referral", REFERRAL, lambda client: client.referral(), signed=True),
    Route(
        "POST /v1/payments/checkout",
        CHECKOUT,
        lambda client: client.checkout(CheckoutRequest(plan="month", provider="donatepay")),
        signed=True,
    ),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.request)
async def test_each_call_makes_its_request_and_reads_its_answer(route: Route) -> None:
    script = Script({route.request.replace("%2F", "/"): [json_answer(msgspec.json.encode(route.answer))]})
    with serving(script.app()) as url:
        async with open_server(url, FixedToken(url, "abc")) as client:
            assert await route.call(client) == route.answer
    (seen,) = script.seen
    assert seen.token == ("abc" if route.signed else None)
    bodiless = ("/renew", "/subscription/trial", "/subscription/cancel")
    assert (seen.body == b"") == (route.request.startswith("GET") or route.request.endswith(bodiless))


async def test_a_search_goes_into_the_query(tmp_path: Path) -> None:
    script = Script({"GET /v1/games": [json_answer(msgspec.json.encode(game_page()))]})
    with serving(script.app()) as url:
        async with open_server(url) as client:
            await client.games(query="каэс & go", category="shooter", limit=10, offset=20)
    assert script.seen[0].query == {"query": "каэс & go", "category": "shooter", "limit": "10", "offset": "20"}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.signed and "nodes" not in route.request], ids=lambda route: route.request)  # fmt: skip
async def test_what_needs_an_account_is_not_even_asked_without_one(route: Route) -> None:
    script = Script({})
    with serving(script.app()) as url:
        async with open_server(url) as client:
            with pytest.raises(NotSignedIn):
                await route.call(client)
    assert script.seen == []


async def test_relays_are_listed_without_an_account_when_the_sign_in_is_over(tmp_path: Path) -> None:
    nodes = json_answer(msgspec.json.encode(NodeList(nodes=[node()])))
    script = Script({"GET /v1/nodes": [problem_answer(401, "token_invalid"), nodes]})
    store = memory_store(tmp_path)
    with serving(script.app()) as url:
        keep(store, url, token_pair())
        async with open_server(url, StoredSignIn(url, store)) as client:
            assert len((await client.nodes()).nodes) == 1
    assert [seen.token for seen in script.seen] == ["access-1", None]


async def test_a_token_is_renewed_once_and_no_more(tmp_path: Path) -> None:
    script = Script(
        {
            "GET /v1/me": [problem_answer(401, "token_expired")],
            "POST /v1/auth/refresh": [json_answer(msgspec.json.encode(token_pair(2)))],
        }
    )
    store = memory_store(tmp_path)
    with serving(script.app()) as url:
        keep(store, url, token_pair())
        async with open_server(url, StoredSignIn(url, store)) as client:
            with pytest.raises(NotSignedIn):
                await client.account()
    assert [seen.path for seen in script.seen] == ["/v1/me", "/v1/auth/refresh", "/v1/me"]


async def test_a_get_is_tried_again_and_a_post_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_client, "RETRY_DELAYS_S", (0.0, 0.0))
    busy = problem_answer(503, "database_unavailable")
    page = json_answer(msgspec.json.encode(game_page()))
    script = Script({"GET /v1/games": [busy, web.Response(status=502), page], "POST /v1/auth/login": [busy]})
    with serving(script.app()) as url:
        async with open_server(url) as client:
            assert (await client.games(limit=1)).total == 0
            with pytest.raises(ServerRefused):
                await client.login(LoginRequest(email="ann@example.org", password="x"))
    assert [seen.method for seen in script.seen] == ["GET", "GET", "GET", "POST"]


async def test_a_get_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_client, "RETRY_DELAYS_S", (0.0, 0.0))
    script = Script({"GET /v1/games": [problem_answer(503, "store_unavailable")]})
    with serving(script.app()) as url:
        async with open_server(url) as client:
            with pytest.raises(ServerRefused):
                await client.games(limit=1)
    assert len(script.seen) == 3


async def test_a_server_that_is_not_there_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_client, "RETRY_DELAYS_S", (60.0, 60.0))
    with serving(Script({}).app()) as url:
        gone = url
    async with open_server(gone) as client:
        with pytest.raises(ServerUnreachable):
            await client.games(limit=1)


@pytest.mark.parametrize(
    "answer",
    [
        json_answer(b"{}"),
        json_answer(b"[1"),
        json_answer(b"\xff"),
        web.Response(text="<html>", content_type="text/html"),
    ],
    ids=["fields missing", "cut", "not text", "a page"],
)
async def test_an_answer_outside_the_contract_is_no_success(answer: web.Response) -> None:
    with serving(Script({"GET /v1/games": [answer]}).app()) as url:
        async with open_server(url) as client:
            with pytest.raises(ServerMisbehaved):
                await client.games(limit=1)


def test_grants_and_records_of_the_tests_are_valid() -> None:
    for body in (session_grant(), session_record()):
        assert msgspec.json.decode(msgspec.json.encode(body), type=type(body)) == body
    assert isinstance(session_grant(), SessionGrant)
    assert isinstance(session_record(), SessionRecord)
