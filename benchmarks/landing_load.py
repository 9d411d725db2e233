"""The landing page at 300 requests a second: visitors without an account, in both languages and all themes, with and without a copy of their own.

Open loop: requests leave on time whether or not earlier ones were answered, so that a stall is seen in full.
"""

import asyncio
import itertools
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from benchmarks.figures import Report, percentile, start
from benchmarks.process_cost import resident_bytes, tree_cpu_seconds
from benchmarks.server_stand import RunningServer, running_server

RATE_PER_S = 300
RUN_S = 20.0
WARM_UP_REQUESTS = 100
MOST_P95_MS = 100.0
TIMEOUT_S = 10.0
LANGUAGES = ("en", "ru")
THEMES = ("auto", "light", "dark")


@dataclass(slots=True)
class Load:
    """The answers so far, and what failed."""

    url: str
    http: aiohttp.ClientSession
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    received_bytes: int = 0
    failures: list[str] = field(default_factory=list)

    async def visit(self, path: str, headers: dict[str, str]) -> str:
        """One page; gives its ETag."""
        began = time.perf_counter()
        try:
            async with self.http.get(self.url + path, headers=headers) as answer:
                self.received_bytes += len(await answer.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            return ""
        self.seconds.append(time.perf_counter() - began)
        self.statuses[answer.status] += 1
        if answer.status not in (200, 304):
            self.failures.append(f"{path}: {answer.status}")
        return answer.headers.get("ETag", "")


def visitors() -> list[tuple[str, dict[str, str]]]:
    """Every kind of visitor: a language, a theme."""
    common = {"Accept": "text/html", "Accept-Encoding": "gzip", "User-Agent": "Mozilla/5.0"}
    return [(f"/{language}/", common | {"Cookie": f"plg-theme={theme}"}) for language in LANGUAGES for theme in THEMES]


async def run(server: RunningServer, report: Report) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), connector=connector, auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as http:  # fmt: skip
        kinds = visitors()
        warm_up = Load(server.url, http)
        for path, headers in itertools.islice(itertools.cycle(kinds), WARM_UP_REQUESTS):
            await warm_up.visit(path, headers)
        tags = [await warm_up.visit(path, headers) for path, headers in kinds]
        # Every fourth has been here before and asks whether there is news.
        again = [(path, headers | {"If-None-Match": tag}) for (path, headers), tag in zip(kinds, tags, strict=True)]
        turns = itertools.cycle([*kinds, *kinds, *kinds, *again])
        load = Load(server.url, http)
        requests = int(RATE_PER_S * RUN_S)
        cpu_before, own_before, began = tree_cpu_seconds(server.pid), time.process_time(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(requests):
                await asyncio.sleep(max(0.0, began + number / RATE_PER_S - time.perf_counter()))
                group.create_task(load.visit(*next(turns)))
        elapsed = time.perf_counter() - began
        cpu, own = tree_cpu_seconds(server.pid) - cpu_before, time.process_time() - own_before
    report.add("landing page, p50", percentile(load.seconds, 50) * 1000, "ms")
    report.add("landing page, p95", percentile(load.seconds, 95) * 1000, "ms", target=MOST_P95_MS)
    report.add("landing page, p99", percentile(load.seconds, 99) * 1000, "ms")
    report.add("requests a second", len(load.seconds) / elapsed, "/s")
    note = "; ".join(sorted(set((warm_up.failures + load.failures)[:3])))
    report.add("requests that failed", len(load.failures), "requests", target=0, note=note)
    report.add('answers that were only "the same"', load.statuses[304] / max(1, len(load.seconds)) * 100, "percent")
    report.add("sent for each request", load.received_bytes / max(1, len(load.seconds)) / 1024, "KB")
    report.add("server, share of one core", cpu / elapsed * 100, "percent")
    report.add("server, CPU for each request", cpu / max(1, len(load.seconds)) * 1000, "ms")
    report.add("server, resident memory", resident_bytes(server.pid) / 1e6, "MB")
    report.add("these visitors, share of one core", own / elapsed * 100, "percent")


def main() -> bool:
    report = start("landing_load", f"{RATE_PER_S} requests/s for {RUN_S:g} s, SQLite, memory store, one server process")
    with running_server() as server:
        asyncio.run(run(server, report))
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
