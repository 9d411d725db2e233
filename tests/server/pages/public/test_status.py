"""/status, without scripts and in a real browser that measures a real endpoint."""

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import expect

from plg_relay.web_ping import WebPing
from plg_server import app_keys
from plg_server.models.status import RelayDay
from support.api_driver import ApiDriver
from support.browser import headless_chromium, watched_page
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor
from support.status_scene import add_incidents, add_relays

LIMIT_MS = 20_000


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    async with shared_server(tmp_path / "data") as api:
        yield api


async def test_the_page_tells_relays_days_and_incidents_in_words(site: ApiDriver) -> None:
    nodes = await add_relays(site, web_ping_url="https://relay1.example:8444/ping")
    await add_incidents(site, nodes[-1])
    shown = await SiteVisitor(site).open("/en/status")
    assert shown.status == 200
    for words in (
        "Not everything is as it should be",
        "takes no new players",
        "offline",
        "Warsaw is off line",
        "some are hindered",
        "planned for",
        "Slow <script>",
        "Almaty <b>1</b>",
        "Days below 99.9 %: 3",
        "91 %",
        "plg ping GAME",
    ):
        assert words in shown.text, words
    assert "<b>1</b>" not in shown.html
    assert "style=" not in shown.html
    policy = shown.headers["Content-Security-Policy"]
    assert "connect-src 'self' https://relay1.example:8444;" in policy
    # The text equivalent of each strip.
    labels = re.findall(r'<svg class="days"[^>]* aria-label="([^"]+)"', shown.html)
    assert len(labels) == 5
    assert labels[-1] == ("Warsaw 1, the last 90 days: Available 98.94 % of the time; days with less than 99.9 %: 3.")
    assert len(shown.html) < 60_000


async def test_the_same_in_russian_and_what_has_no_russian_says_so(site: ApiDriver) -> None:
    nodes = await add_relays(site)
    await add_incidents(site, nodes[-1])
    shown = await SiteVisitor(site, "ru").open("/ru/status")
    for words in ("Не всё работает как надо", "Варшава не отвечает", "не на связи", "Матчи продолжились напрямую."):
        assert words in shown.text, words
    assert 'lang="en">Slow &lt;script&gt;' in shown.html
    assert "connect-src 'self';" in shown.headers["Content-Security-Policy"]
    assert "Эти узлы нельзя измерить из браузера" in shown.text


async def test_a_new_server_has_a_page_too(site: ApiDriver) -> None:
    shown = await SiteVisitor(site).open("/en/status")
    assert "There are no relays yet" in shown.text
    assert "No incidents." in shown.text


async def test_a_relay_that_nobody_has_looked_at_claims_nothing(site: ApiDriver) -> None:
    await add_relays(site)
    with site.app[app_keys.DATABASE].active():
        await RelayDay.all().delete()
    shown = await SiteVisitor(site).open("/en/status")
    assert "not measured yet" in shown.text
    assert "100 %" not in shown.text


@pytest.mark.parametrize(("width_px", "colors"), [(1280, "light"), (390, "dark")])
async def test_a_browser_measures_a_relay_of_another_origin_within_the_policy(
    site: ApiDriver, width_px: int, colors: Literal["light", "dark"]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        async with WebPing(bound, None) as pings, headless_chromium() as browser:
            await add_relays(site, web_ping_url=f"http://127.0.0.1:{pings.port}/ping")
            async with watched_page(browser, width_px=width_px, colors=colors) as visit:
                await visit.page.goto(str(site.client.make_url("/en/status")))
                await visit.page.locator(".live-ping").scroll_into_view_if_needed()
                await visit.page.locator("[data-again]:enabled").wait_for(timeout=LIMIT_MS)
                number = await visit.page.locator("[data-ping] [data-shown]").inner_text()
                told = await visit.page.locator("[data-result]").inner_text()
                assert re.fullmatch(r"\d+(\.\d)? ms", number)
                assert told.startswith("Shortest of these: Frankfurt 1, ")
                assert not await visit.page.locator("[data-unmeasured]").is_visible()
                assert visit.trouble == []
                assert await visit.hidden_width_px() == 0
            assert pings.outcomes == {"answered": 6}


async def test_the_page_keeps_itself_fresh_except_for_what_somebody_has_opened(
    site: ApiDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg_server.services.status_page.FRESH_S", 0.0)
    nodes = await add_relays(site)
    look_again = "document.dispatchEvent(new Event('visibilitychange'))"
    async with headless_chromium() as browser, watched_page(browser) as visit:
        page = visit.page
        # With a query the server makes the page anew each time.
        await page.goto(str(site.client.make_url("/en/status?now")))
        await add_incidents(site, nodes[-1])
        await page.locator("#status-now details").first.locator("summary").click()
        await page.evaluate(look_again)
        await expect(page.locator("#running")).to_have_count(0)
        await page.locator("#status-now details").first.locator("summary").click()
        await page.locator(".skip").focus()
        await page.evaluate(look_again)
        await expect(page.locator("#running")).to_be_visible(timeout=LIMIT_MS)
        assert "UTC" not in await page.locator(".whole time").inner_text()
        assert visit.trouble == []
