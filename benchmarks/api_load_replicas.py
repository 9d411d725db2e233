"""The API on PostgreSQL and Redis at 200 requests a second, spread over two replicas, in a player's mix with logins and refreshes.

Open loop, as `api_load`. Twenty accounts, because one account's sessions are started one after the other by design. Servers,
PostgreSQL, Redis and the load itself share this machine.
"""

import asyncio
import itertools
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from benchmarks.api_load import MIX, Load
from benchmarks.figures import Report, percentile, start
from benchmarks.process_cost import resident_bytes, tree_cpu_seconds
from benchmarks.server_stand import PASSWORD, RunningServer, beating_relay, post, running_server
from plg.contract.accounts import LoginRequest, RefreshRequest, RegisterRequest, TokenPair

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.services import running_postgres, running_redis  # noqa: E402 - a room without a package

RATE_PER_S = 200
RUN_S = 20.0
WARM_UP_TURNS = 100
REPLICAS = 2
ACCOUNTS = 20
MOST_P95_MS = 200.0
MIXED = {**MIX, "refresh": 3}
"""`api_load`'s mix, and what every client does each quarter of an hour."""

SHARED = {
    "token_secret": "one signing key for all replicas of the benchmark",
    "database_pool_size": "10",
    "password_workers": "1",
}
"""`password_workers`: two replicas have two cores between them."""


@dataclass(slots=True, kw_only=True)
class Spread(Load):
    """One account's load over all replicas in turn. `pair` is its newest tokens, `refreshing` keeps it to one refresh at a time."""

    urls: Iterator[str]
    email: str
    pair: TokenPair
    refreshing: asyncio.Lock

    def address(self) -> str:
        return next(self.urls)

    async def turn(self, kind: str, chance: random.Random) -> None:
        match kind:
            case "refresh":
                await self.refresh()
            case "login":
                await self.ask(kind, "POST", "/v1/auth/login", LoginRequest(email=self.email, password=PASSWORD))
            case _:
                await Load.turn(self, kind, chance)

    async def refresh(self) -> None:
        async with self.refreshing:
            request = RefreshRequest(refresh_token=self.pair.refresh_token)
            answer = await self.ask("refresh", "POST", "/v1/auth/refresh", request)
            if answer:
                self.pair = msgspec.json.decode(answer, type=TokenPair)
                self.token = self.pair.access_token


def email_of(number: int) -> str:
    return f"bench{number}@plg.example"


def sign_up(server: RunningServer, number: int) -> TokenPair:
    """An account of its own for each."""
    post(server, "/v1/auth/register", RegisterRequest(email=email_of(number), password=PASSWORD))
    answer = post(server, "/v1/auth/login", LoginRequest(email=email_of(number), password=PASSWORD))
    return msgspec.convert(answer, TokenPair)


async def run(servers: list[RunningServer], pairs: list[TokenPair], report: Report) -> None:
    chance = random.Random(20)
    connections = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10), connector=connections) as http,
        # Of its own: where the load is too much the relay must not be what breaks.
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as relay_http,
        beating_relay(servers[0], relay_http),
    ):
        urls = itertools.cycle([server.url for server in servers])
        seconds: dict[str, list[float]] = defaultdict(list)
        failures: list[str] = []
        players = [
            Spread(
                servers[0],
                http,
                pair.access_token,
                seconds,
                failures,
                urls=urls,
                email=email_of(number),
                pair=pair,
                refreshing=asyncio.Lock(),
            )
            for number, pair in enumerate(pairs)
        ]
        for number in range(WARM_UP_TURNS):
            await players[number % len(players)].turn(list(MIXED)[number % len(MIXED)], chance)
        seconds.clear()
        failures.clear()
        turns = int(RATE_PER_S * RUN_S / (1 + MIXED["start and stop"] / sum(MIXED.values())))
        cpu_before, began = [tree_cpu_seconds(server.pid) for server in servers], time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(turns):
                due = began + number * RUN_S / turns
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                kind = chance.choices(list(MIXED), list(MIXED.values()))[0]
                group.create_task(players[number % len(players)].turn(kind, chance))
        elapsed = time.perf_counter() - began
        cpu = [tree_cpu_seconds(server.pid) - before for server, before in zip(servers, cpu_before, strict=True)]
    tell(report, seconds, failures, elapsed)
    report.add("servers together, share of one core", sum(cpu) / elapsed * 100, "percent")
    report.add("one server, resident memory", resident_bytes(servers[0].pid) / 1e6, "MB")


def tell(report: Report, seconds: dict[str, list[float]], failures: list[str], elapsed: float) -> None:
    """The figures of all requests, and of each kind."""
    everything = [one for kind in seconds.values() for one in kind]
    for kind, times in sorted(seconds.items()):
        report.add(f"{kind}, p95", percentile(times, 95) * 1000, "ms", note=f"({len(times)} requests)")
    report.add("all requests, p50", percentile(everything, 50) * 1000, "ms")
    report.add("all requests, p95", percentile(everything, 95) * 1000, "ms", target=MOST_P95_MS)
    report.add("requests a second", len(everything) / elapsed, "/s")
    note = "; ".join(sorted(set(failures[:3])))
    report.add("requests that failed", len(failures), "requests", target=0, note=note)


def main() -> bool:
    report = start(
        "api_load_replicas",
        f"{RATE_PER_S} requests/s for {RUN_S:g} s, {REPLICAS} replicas, PostgreSQL and Redis, {ACCOUNTS} accounts",
    )
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        redis = stack.enter_context(running_redis())
        shared = {"database_url": postgres.new_database(), "store_url": redis.url, **SHARED}
        servers = [stack.enter_context(running_server(**shared)) for _ in range(REPLICAS)]
        pairs = [sign_up(servers[number % REPLICAS], number) for number in range(ACCOUNTS)]
        asyncio.run(run(servers, pairs, report))
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
