"""The API on SQLite at 50 requests a second, in the mix of players who browse, choose a relay, start and stop sessions.

Open loop: requests leave on time whether or not earlier ones were answered, so that a stall is seen in full.
"""

import asyncio
import random
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field

import aiohttp
import msgspec

from benchmarks.figures import Report, percentile, start
from benchmarks.process_cost import resident_bytes, tree_cpu_seconds
from benchmarks.server_stand import EMAIL, PASSWORD, RunningServer, beating_relay, register, running_server
from plg.contract.accounts import LoginRequest
from plg.contract.sessions import SessionGrant, StartSessionRequest, StopSessionRequest

RATE_PER_S = 50
RUN_S = 30.0
WARM_UP_REQUESTS = 50
MOST_P95_MS = 200.0
MIX = {"list": 20, "search": 20, "detail": 15, "nodes": 15, "me": 12, "start and stop": 14, "history": 2, "login": 2}
"""Percent of the requests' turns; "start and stop" is two requests. A login costs an argon2 hash, and is rare in life too."""
SEARCHES = ("counter", "dota", "танки", "rust", "openarena", "дота", "fortnit", "valorant")


@dataclass(slots=True)
class Load:
    """The answers so far: seconds by kind of request, and what failed."""

    server: RunningServer
    http: aiohttp.ClientSession
    token: str
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def address(self) -> str:
        """Where the next request goes."""
        return self.server.url

    async def ask(self, kind: str, method: str, path: str, body: msgspec.Struct | None = None) -> bytes:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else msgspec.json.encode(body)
        began = time.perf_counter()
        try:
            async with self.http.request(method, self.address() + path, data=data, headers=headers) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failures.append(f"{kind}: {type(error).__name__}: {error}")
            return b""
        self.seconds[kind].append(time.perf_counter() - began)
        if answer.status >= 400:
            self.failures.append(f"{kind}: {answer.status} {content[:200]!r}")
            return b""
        return content

    async def turn(self, kind: str, chance: random.Random) -> None:
        match kind:
            case "list":
                await self.ask(kind, "GET", f"/v1/games?limit=50&offset={chance.choice((0, 50, 100))}")
            case "search":
                await self.ask(kind, "GET", f"/v1/games?query={chance.choice(SEARCHES)}")
            case "detail":
                await self.ask(kind, "GET", "/v1/games/openarena")
            case "nodes":
                await self.ask(kind, "GET", "/v1/nodes?game=openarena")
            case "me":
                await self.ask(kind, "GET", "/v1/me")
            case "history":
                await self.ask(kind, "GET", "/v1/sessions")
            case "login":
                await self.ask(kind, "POST", "/v1/auth/login", LoginRequest(email=EMAIL, password=PASSWORD))
            case "start and stop":
                request = StartSessionRequest(game="openarena", target="203.0.114.20:27960")
                answer = await self.ask("start", "POST", "/v1/sessions", request)
                if answer:
                    grant = msgspec.json.decode(answer, type=SessionGrant)
                    await self.ask(
                        "stop", "POST", f"/v1/sessions/{grant.session_id}/stop", StopSessionRequest(seconds=1.0)
                    )


async def run(server: RunningServer, token: str, report: Report) -> None:
    chance = random.Random(20)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http, beating_relay(server, http):
        warm_up = Load(server, http, token)
        for _ in range(WARM_UP_REQUESTS):
            await warm_up.turn(chance.choices(list(MIX), list(MIX.values()))[0], chance)
        load = Load(server, http, token)
        requests_per_turn = 1 + MIX["start and stop"] / sum(MIX.values())
        turns = int(RATE_PER_S * RUN_S / requests_per_turn)
        cpu_before, began = tree_cpu_seconds(server.pid), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(turns):
                due = began + number * RUN_S / turns
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(load.turn(chance.choices(list(MIX), list(MIX.values()))[0], chance))
        elapsed = time.perf_counter() - began
        cpu = tree_cpu_seconds(server.pid) - cpu_before
    everything = [one for kind in load.seconds.values() for one in kind]
    for kind, seconds in sorted(load.seconds.items()):
        report.add(f"{kind}, p95", percentile(seconds, 95) * 1000, "ms", note=f"({len(seconds)} requests)")
    report.add("all requests, p50", percentile(everything, 50) * 1000, "ms")
    report.add("all requests, p95", percentile(everything, 95) * 1000, "ms", target=MOST_P95_MS)
    report.add("requests a second", len(everything) / elapsed, "/s")
    note = "; ".join(sorted(set((warm_up.failures + load.failures)[:3])))
    report.add("requests that failed", len(load.failures), "requests", target=0, note=note)
    report.add("server, share of one core", cpu / elapsed * 100, "percent")
    report.add("server, resident memory", resident_bytes(server.pid) / 1e6, "MB")


def main() -> bool:
    report = start("api_load", f"{RATE_PER_S} requests/s for {RUN_S:g} s, SQLite, memory store, one server process")
    with running_server() as server:
        asyncio.run(run(server, register(server).access_token, report))
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
