"""Where the links of e-mails lead."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from plg_server import app_keys
from support.browser import headless_chromium, watched_page
from support.mail_world import MailWorld, mail_world

ANN = "ann@example.org"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MailWorld]:
    async with mail_world(tmp_path, public_url="https://plg.example.org") as made:
        yield made


async def test_the_pages_load_nothing_from_elsewhere_and_tell_nobody_where_they_were(world: MailWorld) -> None:
    for name in ("verify", "reset", "undo", "account.js", "account.css"):
        reply = await world.api.get(f"/account/{name}")
        assert reply.status == 200
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert "unsafe" not in reply.headers["Content-Security-Policy"]
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert not re.search(r"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}", reply.text)
        assert "innerHTML" not in reply.text
    page = (await world.api.get("/account/reset")).text
    for url in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert (await world.api.get(url)).status == 200


async def test_a_person_with_a_browser_confirms_resets_and_takes_back(world: MailWorld) -> None:
    access = await world.player(ANN)

    def at_the_test(link: str) -> str:
        # E-mails name the public address; here it is the test's.
        return link.replace("https://plg.example.org", str(world.api.client.make_url("")).rstrip("/"))

    async with headless_chromium() as chromium, watched_page(chromium) as visit:
        page = visit.page
        await page.goto(at_the_test((await world.mail(ANN)).link))
        await expect(page.get_by_role("heading")).to_have_text("Confirm your address")
        assert "#" not in page.url
        assert (await world.settings(access))["email_verified"] is False  # opening it used nothing up
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.get_by_role("status")).to_have_text("The address is confirmed.")
        assert (await world.settings(access))["email_verified"] is True

        await world.change_email(access, "new@example.org")
        await world.verify(access, (await world.mail("new@example.org")).code)
        await page.goto(at_the_test((await world.mail(ANN, 2)).link))
        await page.get_by_role("button", name="Take it back").click()
        await expect(page.get_by_role("status")).to_contain_text("The old address is back.")

        await world.forgot(ANN)
        link = at_the_test((await world.mail(ANN, 3)).link)
        await page.goto(link)
        await page.get_by_label("New password").fill("a password from the page")
        await page.get_by_role("button", name="Set the password").click()
        await expect(page.get_by_role("status")).to_contain_text("The password is set.")
        assert await world.can_log_in(ANN, "a password from the page")
        assert visit.trouble == []
        assert await visit.hidden_width_px() <= 0
    with world.api.app[app_keys.DATABASE].active():
        assert (await world.api.get("/v1/me", access)).status == 401


async def test_a_used_link_and_half_a_link_say_so_in_the_persons_language(world: MailWorld) -> None:
    await world.player(ANN)
    base = str(world.api.client.make_url("")).rstrip("/")
    async with headless_chromium() as chromium:
        context = await chromium.new_context(locale="ru-RU")
        page = await context.new_page()
        await page.goto(f"{base}/account/verify")
        await expect(page.get_by_role("status")).to_contain_text("Ссылка неполная")
        await page.goto(f"{base}/account/undo#{'a' * 43}")
        await page.get_by_role("button", name="Вернуть").click()
        await expect(page.get_by_role("status")).to_contain_text("больше не действует")
        await context.close()
