"""The site in a real browser: one server and one Chromium, visitors of every role, and what is measured of a page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from plg_server.pages.visitor import SESSION_COOKIE
from support.browser import Visit, headless_chromium, watched_page
from support.site_world import Person, SiteWorld, site_world

PHONE_PX, DESK_PX = 390, 1280
WIDTHS_PX = (360, 390, 768, 1024, 1280, 1440)

WATCH_SHIFTS = """
window.layoutShifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShifts.push(entry.value);
}).observe({type: "layout-shift", buffered: true});
"""

AXE = (Path(str(files("axe_playwright_python"))) / "axe.min.js").read_text(encoding="utf-8")

RUN_AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map((one) => `${one.id} (${one.impact}): ` + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | "));
}"""


@dataclass
class BrowsedSite:
    """A world, its address and a browser."""

    world: SiteWorld
    browser: Browser

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return str(self.world.api.client.make_url("/")).rstrip("/")

    @asynccontextmanager
    async def visit(self, person: Person | None = None, **window: Any) -> AsyncIterator[Visit]:
        """A window of this person's, signed in already."""
        async with watched_page(self.browser, **window) as visit:
            if person is not None and person.token:
                await sign_in_window(visit.page, self.url, person.token)
            yield visit


async def sign_in_window(page: Page, url: str, token: str) -> None:
    """Give the window the cookie of a session. (The debugger takes such a cookie for https only; the browser sends it to loopback all the same.)"""
    await page.context.add_cookies(
        [
            {
                "name": SESSION_COOKIE,
                "value": token,
                "url": url.replace("http:", "https:"),
                "secure": True,
                "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )


@asynccontextmanager
async def browsed_site(folder: Path, **settings: Any) -> AsyncIterator[BrowsedSite]:
    """Both end with the block."""
    async with site_world(folder, settings) as world, headless_chromium() as browser:
        yield BrowsedSite(world, browser)


@dataclass
class Weight:
    """What the browser fetched for one page with an empty cache."""

    requests: int = 0
    transferred_bytes: int = 0
    shifts: list[float] = field(default_factory=list)


async def weigh(page: Page, url: str) -> Weight:
    """Open it, wait until nothing moves, and read what the browser says of it."""
    await page.goto(url, wait_until="networkidle")
    told = await page.evaluate(
        """() => {
          const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
          return {requests: entries.length, bytes: entries.reduce((sum, one) => sum + one.transferSize, 0), shifts: window.layoutShifts};
        }"""
    )
    return Weight(told["requests"], told["bytes"], told["shifts"])


async def axe_violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands. It is put in by the debugger, which the page's policy does not bind."""
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(AXE)
    found: list[str] = await page.evaluate(RUN_AXE)
    return found


async def hidden_width_px(page: Page) -> int:
    """How far a person would have to scroll sideways."""
    return int(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
