"""The first paint of pages that people meet first, in a headless Chromium with an empty cache, from a server on this machine; and their weight."""

import shutil
import sys
from typing import TypedDict

from playwright.sync_api import Browser, sync_playwright

from benchmarks.figures import Report, median, start
from benchmarks.server_stand import running_server

PAGES = {
    "landing": "/en/",
    "games": "/en/games",
    "plans": "/en/plans",
    "status": "/en/status",
    "sign in": "/en/sign-in",
}
ROUNDS = 5
MOST_PAINT_MS = 1000.0
MOST_KB = 150.0

MEASURE = """() => ({
  paint_ms: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((sum, one) => sum + one.transferSize, 0),
})"""


class Painted(TypedDict):
    """One page, once."""

    paint_ms: float
    bytes: int


def painted(browser: Browser, url: str) -> Painted:
    """Open it in a new window without a cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.goto(url, wait_until="networkidle")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        found: Painted = page.evaluate(MEASURE)
        return found
    finally:
        context.close()


def measure(browser: Browser, url: str, report: Report) -> None:
    painted(browser, f"{url}/en/")  # the browser's own start
    for name, path in PAGES.items():
        found = [painted(browser, url + path) for _ in range(ROUNDS)]
        report.add(
            f"{name}, first paint, median", median([one["paint_ms"] for one in found]), "ms", target=MOST_PAINT_MS
        )
        report.add(f"{name}, transferred", max(one["bytes"] for one in found) / 1000, "KB", target=MOST_KB)


def main() -> bool:
    report = start("first_paint", f"{len(PAGES)} pages, {ROUNDS} times each, empty cache, loopback")
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError("chromium is not installed")
    with running_server() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        try:
            measure(browser, server.url, report)
        finally:
            browser.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
