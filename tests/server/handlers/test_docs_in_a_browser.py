"""/docs as a person sees it: the real server, opened in a real browser, in both colour schemes, on a phone and on a desk."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from support.browser import headless_chromium, watched_page
from support.local_server import serving
from support.server_process import running_server

PHONE_PX, DESK_PX = 375, 1280


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with headless_chromium() as chromium:
        yield chromium


@pytest.mark.parametrize("colors", ["light", "dark"])
@pytest.mark.parametrize("width_px", [PHONE_PX, DESK_PX])
async def test_every_operation_can_be_found_opened_and_read(
    browser: Browser, tmp_path: Path, width_px: int, colors: Literal["light", "dark"]
) -> None:
    with running_server(tmp_path) as server:
        async with watched_page(browser, width_px=width_px, colors=colors) as visit:
            page = visit.page
            await page.goto(f"{server.url}/docs")
            start = page.locator("summary").filter(has_text=re.compile(r"POST\s*/v1/sessions$"))
            await expect(start).to_be_visible()
            described = await page.locator("nav a").count()
            assert await page.locator("#operations > details").count() == described > 10

            answer = page.locator("details", has=start).get_by_role("link", name="SessionGrant")
            await expect(answer).to_be_hidden()
            await start.click()
            await expect(answer).to_be_visible()
            await answer.click()
            await expect(page.locator("#schema-SessionGrant > table")).to_be_visible()

            # The widest that the page can be: everything open.
            await page.locator("details").evaluate_all("parts => parts.forEach((part) => { part.open = true; })")
            await expect(page.locator("details:not([open])")).to_have_count(0)
            assert await visit.hidden_width_px() <= 0
            ink = await page.evaluate("getComputedStyle(document.body).color")
            assert ink == ("rgb(255, 255, 255)" if colors == "dark" else "rgb(0, 0, 0)")
            assert visit.trouble == []


async def test_a_link_from_elsewhere_leads_to_its_operation_opened(browser: Browser, tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        async with watched_page(browser) as visit:
            await visit.page.goto(f"{server.url}/docs")
            link = visit.page.locator("nav a", has_text=re.compile(r"^GET /v1/nodes$"))
            address = await link.get_attribute("href")
        async with watched_page(browser) as visit:
            await visit.page.goto(f"{server.url}/docs{address}")
            opened = visit.page.locator("details[open] > summary")
            await expect(opened).to_have_text(re.compile(r"GET\s*/v1/nodes$"))
            await expect(opened).to_be_in_viewport()
            assert visit.trouble == []


async def test_it_works_with_the_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        async with watched_page(browser) as visit:
            page = visit.page
            await page.goto(f"{server.url}/docs")
            first = page.locator("#operations summary").first
            await first.focus()
            await page.keyboard.press("Enter")
            await expect(page.locator("#operations > details").first).to_have_attribute("open", "")
            assert visit.trouble == []


async def test_what_a_page_does_wrong_would_be_seen(browser: Browser) -> None:
    """The watch itself: a page with one fault of each kind."""

    async def faulty(_request: web.Request) -> web.Response:
        wide = "<div id=wide>wide</div><link rel=stylesheet href=/wide.css>"
        inline = "<script>document.title = 'inline'</script>"
        outside = "<img src=http://example.org/pixel.png alt=pixel>"
        return web.Response(
            text=f"<!doctype html><title>faulty</title>{wide}{inline}{outside}<script src=/broken.js></script>",
            content_type="text/html",
            headers={"Content-Security-Policy": "script-src 'self'"},
        )

    async def broken(_request: web.Request) -> web.Response:
        return web.Response(text="console.error('said'); throw new Error('thrown');", content_type="text/javascript")

    async def style(_request: web.Request) -> web.Response:
        return web.Response(text="#wide { width: 3000px }", content_type="text/css")

    app = web.Application()
    app.add_routes([web.get("/", faulty), web.get("/broken.js", broken), web.get("/wide.css", style)])
    with serving(app) as url:
        async with watched_page(browser, width_px=PHONE_PX) as visit:
            await visit.page.goto(url)
            missing_icon = f"status 404: {url}/favicon.ico"
            await visit.page.wait_for_load_state("networkidle")
            assert await visit.page.title() == "faulty"
            assert await visit.hidden_width_px() > 2000
            assert visit.policy_violations == ["Content-Security-Policy: script-src-elem inline"]
            assert visit.foreign_requests == ["leaves this machine: http://example.org/pixel.png"]
            assert visit.script_errors == ["script error: thrown"]
            assert "console error: said" in visit.console
            assert visit.failed_requests in ([], [missing_icon])  # asked for once in a browser's life
