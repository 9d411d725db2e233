"""Rate limits: per class, per caller, believed proxies only, and still there when Redis is not."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from plg_server.rate_limits import caller_of, client_address, is_inside, parse_networks
from support.api_driver import ApiDriver, StartServer
from support.services import RedisServer, running_redis


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may stop."""
    with running_redis() as server:
        yield server


async def statuses(api: ApiDriver, times: int, **headers: str) -> list[int]:
    """Try to sign in so many times."""
    body = {"email": "nobody@example.org", "password": "x"}
    return [(await api.post("/v1/auth/login", body, headers=headers)).status for _ in range(times)]


async def test_beyond_the_limit_a_caller_is_told_when_to_come_back(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    api = await start_server(**backend, rate_sign_in="3/hour")
    assert await statuses(api, 3) == [401, 401, 401]
    reply = await api.post("/v1/auth/login", {"email": "nobody@example.org", "password": "x"})
    assert (reply.status, reply.code) == (429, "rate_limited")
    assert 1 <= int(reply.headers["Retry-After"]) <= 7200
    assert reply.json["retry_after_s"] <= int(reply.headers["Retry-After"])


async def test_each_class_of_route_has_its_own_count(start_server: StartServer) -> None:
    api = await start_server(rate_sign_in="1/hour")
    assert await statuses(api, 2) == [401, 429]
    assert (await api.get("/v1/me")).status == 401
    assert (await api.get("/healthz")).status == 200


async def test_a_signed_in_account_is_limited_wherever_it_calls_from(start_server: StartServer) -> None:
    api = await start_server(rate_read="2/hour", trusted_proxies=["127.0.0.1"])
    token = await api.signed_in()
    got = [(await api.get("/v1/me", token, headers={"X-Forwarded-For": f"192.0.2.{n}"})).status for n in range(3)]
    assert got == [200, 200, 429]


async def test_two_replicas_share_one_count(
    start_server: StartServer, redis_server: RedisServer, tmp_path: Any
) -> None:
    redis_server.empty()
    first = await start_server(store_url=redis_server.url, rate_sign_in="2/hour")
    second = await start_server(store_url=redis_server.url, rate_sign_in="2/hour")
    assert await statuses(first, 2) == [401, 401]
    assert await statuses(second, 1) == [429]


async def test_a_forged_forwarding_header_does_not_help(start_server: StartServer) -> None:
    api = await start_server(rate_sign_in="1/hour")
    assert await statuses(api, 1, **{"X-Forwarded-For": "192.0.2.1"}) == [401]
    assert await statuses(api, 1, **{"X-Forwarded-For": "192.0.2.2"}) == [429]


async def test_behind_a_trusted_proxy_each_player_has_a_count(start_server: StartServer) -> None:
    api = await start_server(rate_sign_in="1/hour", trusted_proxies=["127.0.0.0/8"])
    assert await statuses(api, 2, **{"X-Forwarded-For": "192.0.2.1"}) == [401, 429]
    assert await statuses(api, 1, **{"X-Forwarded-For": "192.0.2.2"}) == [401]


@pytest.mark.services
async def test_when_redis_goes_limits_hold_in_memory_and_go_on_in_redis_when_it_is_back(
    start_server: StartServer, own_redis: RedisServer, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg_server.rate_limits.STORE_RETRY_S", 0.0)
    api = await start_server(store_url=own_redis.url, rate_sign_in="2/hour")
    assert await statuses(api, 1) == [401]
    own_redis.stop()
    assert await statuses(api, 3) == [401, 401, 429]
    assert "rate_limits_in_memory" in {line["event"] for line in logs}
    assert (await api.get("/readyz")).json == {"status": "unavailable", "database": "ok", "store": "unavailable"}
    own_redis.start()
    assert await statuses(api, 3) == [401, 401, 429]
    assert (await api.get("/readyz")).status == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("198.51.100.7", None, [], "198.51.100.7"),
        ("198.51.100.7", "192.0.2.1", [], "198.51.100.7"),
        ("10.0.0.1", "192.0.2.1", ["10.0.0.0/8"], "192.0.2.1"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.1", ["10.0.0.0/8"], "192.0.2.1"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.1, 10.0.0.2", ["10.0.0.0/8"], "192.0.2.1"),
        ("10.0.0.1", "nonsense", ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", None, ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1", ["10.0.0.0/8"], "2001:db8::1"),
    ],
)
def test_the_callers_address_is_the_last_hop_that_is_not_ours(
    peer: str, forwarded: str | None, trusted: list[str], address: str
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = make_mocked_request("GET", "/", headers=headers).clone(remote=peer)
    assert client_address(request, parse_networks(trusted)) == address


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_ipv6_callers_are_counted_by_their_network(address: str, counted: str) -> None:
    assert caller_of(address) == counted


def test_an_ipv4_address_in_ipv6_clothes_is_inside_its_network() -> None:
    networks = parse_networks(["127.0.0.0/8"])
    assert is_inside("::ffff:127.0.0.1", networks)
    assert not is_inside("192.0.2.1", networks)
    assert not is_inside("nonsense", networks)
