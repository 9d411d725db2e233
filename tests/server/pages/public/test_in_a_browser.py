"""The public pages in a real browser: nothing is refused by their own policy, nothing is wider than a phone, typing finds games."""

from pathlib import Path

from support.browser import headless_chromium, watched_page
from support.public_site import SELLING, hand_in
from support.shared_server import shared_server

PAGES = ("/", "/games", "/games/cs2", "/results", "/plans", "/download", "/privacy", "/offer", "/rules")
PHONE_PX = 360


async def test_on_a_phone_every_page_fits_and_breaks_no_rule_of_its_own(tmp_path: Path) -> None:
    async with shared_server(tmp_path, SELLING) as api, headless_chromium() as browser:
        await hand_in(api, "cs2", "fra", "improved", "worse")
        async with watched_page(browser, width_px=PHONE_PX, colors="dark") as visit:
            for path in PAGES:
                await visit.page.goto(str(api.client.make_url(f"/ru{path}")))
                assert (path, await visit.hidden_width_px(), visit.trouble) == (path, 0, [])


async def test_the_list_of_games_follows_what_is_typed(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api, headless_chromium() as browser, watched_page(browser) as visit:
        await visit.page.goto(str(api.client.make_url("/en/games")))
        await visit.page.fill("#q", "контра")
        await visit.page.wait_for_selector('#found a[href="/en/games/cs2"]')
        assert "контра" in await visit.page.inner_text("#count")
        await visit.page.fill("#q", "no such game at all")
        await visit.page.wait_for_selector("#found .empty")
        assert "0 games" in await visit.page.inner_text("#count")
        assert visit.trouble == []
