"""What scripts add to operators' pages, in a real browser: the token behind the #, the button that copies, a file into its area."""

from pathlib import Path

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.services.admin_claim import offer_claim
from support.browser import headless_chromium, watched_page
from support.shared_server import shared_server

TOML = '[[game]]\nslug = "my-game"\nname = "My Game"\ncategory = "fps"\nudp = ["30000"]\n'


async def test_an_admin_is_made_by_the_link_of_the_log_and_sets_up_a_relay(tmp_path: Path) -> None:
    file = tmp_path / "games.toml"
    file.write_text(TOML, encoding="utf-8")
    async with shared_server(tmp_path / "data") as api, headless_chromium() as browser:
        with api.app[app_keys.DATABASE].active():
            token = await offer_claim(utc_now())
        url = str(api.client.make_url("/")).rstrip("/")
        async with watched_page(browser, width_px=390) as visit:
            page = visit.page
            await page.goto(f"{url}/setup#{token}")
            assert await page.input_value("#token") == token
            assert "#" not in page.url  # neither the history nor a picture of the window tells it
            await page.fill("#email", "owner@example.org")
            await page.fill("#password", "correct horse battery")
            await page.click("#setup button")
            await page.wait_for_url("**/setup/server?*")
            assert await visit.hidden_width_px() == 0
            await page.goto(f"{url}/en/setup/relay")
            await page.fill("#name", "frankfurt-1")
            await page.click("#first-relay button")
            assert "plg relay enrol --server" in await page.inner_text("#command")
            assert await page.is_visible("button[data-copy='#command']")
            await page.goto(f"{url}/en/admin/games/import")
            await page.set_input_files("#file", file)
            await page.wait_for_function("document.querySelector('#toml').value !== ''")
            assert await page.input_value("#toml") == TOML
            await page.click("#import button")
            assert "my-game" in await page.inner_text(".diff")
            assert visit.trouble == []
