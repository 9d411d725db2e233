"""What people come for, from the first page to the last, in a real browser: a player's way in, an operator's day."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.models.payments import Payment
from support.api_driver import PASSWORD
from support.payment_signers import robokassa_notice
from support.smtp_sink import SmtpSink, smtp_sink
from support.web_hands import Hands, Keyboard, Mouse
from support.web_site import DESK_PX, PHONE_PX, BrowsedSite, browsed_site

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("stories in a browser"),
    pytest.mark.timeout(300),
]

WAIT_S = 20.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mailing_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[BrowsedSite, SmtpSink]]:
    folder = tmp_path_factory.mktemp("site")
    with smtp_sink(folder) as sink, pytest.MonkeyPatch.context() as patch:
        patch.setattr("plg_server.mail_network.TICK_S", 0.05)
        async with browsed_site(folder, **sink.settings()) as site:
            yield site, sink


async def code_for(sink: SmtpSink, email: str) -> str:
    async with asyncio.timeout(WAIT_S):
        while not sink.to(email):  # noqa: ASYNC110 - the sink is a thread
            await asyncio.sleep(0.05)
    return sink.to(email)[0].code


@pytest.mark.parametrize(
    ("language", "width_px", "way"),
    [
        ("en", DESK_PX, "mouse"),
        ("ru", PHONE_PX, "mouse"),
        ("ru", DESK_PX, "without scripts"),
        ("en", PHONE_PX, "keyboard"),
    ],
)
async def test_a_player_comes_registers_verifies_pays_and_downloads(
    mailing_site: tuple[BrowsedSite, SmtpSink], language: str, width_px: int, way: str
) -> None:
    site, sink = mailing_site
    email = f"{language}-{width_px}-{way.replace(' ', '-')}@example.org"
    async with site.visit(width_px=width_px, scripts=way != "without scripts") as visit:
        page = visit.page
        hands: Hands = Keyboard(page) if way == "keyboard" else Mouse(page)
        await page.goto(f"{site.url}/{language}/")
        await hands.follow(f"/{language}/sign-in")
        await hands.follow(f"/{language}/sign-up")
        await hands.fill("sign-up", email=email, password=PASSWORD)
        await hands.send("sign-up")
        await expect(page).to_have_url(re.compile(f"/{language}/account\\?note=welcome"))

        await hands.follow(f"/{language}/account/verify")
        await hands.fill("verify", code=await code_for(sink, email))
        await hands.send("verify")
        await expect(page.locator(".notice.good").first).to_be_visible()

        await hands.follow(f"/{language}/account")
        await hands.follow(f"/{language}/account/plan")
        await hands.choose("plan", "quarterly")
        await hands.choose("way", "robokassa:RUB")
        await hands.send("pay")
        await expect(page.locator('[data-payment-state="waiting"]')).to_be_visible()
        link = await page.locator('a[target="_blank"]').get_attribute("href")
        assert link is not None
        told = await site.world.api.post("/v1/payments/notices/robokassa", data=robokassa_notice(link))
        assert told.status == 200
        if way == "without scripts":
            await hands.follow(page.url.removeprefix(site.url))
        # Where scripts run, the page looks by itself.
        await expect(page.locator('[data-payment-state="paid"]')).to_be_visible(timeout=WAIT_S * 1000)

        await hands.follow(f"/{language}/account")
        await expect(page.locator(".badge.good").first).to_be_visible()
        await hands.follow(f"/{language}/download")
        await expect(page.locator("h1")).to_be_visible()
        assert await visit.hidden_width_px() <= 0
        assert visit.trouble == []
    with site.world.api.app[app_keys.DATABASE].active():
        account = await Account.get(email=email)
        assert (account.plan_name, account.language, account.email_verified_at is None) == (
            "quarterly",
            language,
            False,
        )
    assert site.world.api.app[app_keys.METRICS].csp_reports._value.get() == 0


async def test_an_admin_adds_a_relay_mends_a_game_matches_a_payment_and_bans_a_player(
    mailing_site: tuple[BrowsedSite, SmtpSink],
) -> None:
    site, _ = mailing_site
    world = site.world
    player = await world.person("player")
    assert player.caller is not None
    async with site.visit(world.people["admin"], width_px=PHONE_PX) as visit, site.visit(player) as players:
        page, hands = visit.page, Mouse(visit.page)
        await page.goto(f"{site.url}/en/admin")
        await expect(page.locator("h1")).to_be_visible()

        await page.goto(f"{site.url}/en/admin/nodes/new")
        await hands.fill("new-node", name="warsaw-1", country="PL", city="Warsaw")
        await hands.send("new-node")
        token = (await page.locator("#token").inner_text()).strip()
        body = {"enrol_token": token, "public_host": "9.9.9.10", "port": 443}
        joined = await world.api.post("/v1/relays/enrol", body)
        assert joined.status == 200, joined.text
        await page.goto(f"{site.url}/en/admin/nodes")
        await expect(page.get_by_text("warsaw-1").first).to_be_visible()

        await page.goto(f"{site.url}/en/admin/games/openarena")
        await hands.fill("edit-game", notes="Mended by hand")
        await hands.send("edit-game")
        await expect(page.locator("pre.diff")).to_contain_text("Mended by hand")
        await hands.send("confirm")
        await page.goto(f"{site.url}/en/admin/games/openarena")
        await expect(page.locator('[name="notes"]')).to_have_value("Mended by hand")

        with world.api.app[app_keys.DATABASE].active():
            waiting = await Payment.filter(state="unmatched").order_by("-seen_at").first()
        assert waiting is not None
        await page.goto(f"{site.url}/en/admin/payments/{waiting.id}")
        await page.locator("details > summary").filter(has=page.locator("xpath=following-sibling::form")).click()
        await hands.fill(f"match-{waiting.id}", checkout_id=player.names["checkout_id"])
        await hands.send(f"match-{waiting.id}")
        await expect(page.locator(".notice.good").first).to_be_visible()
        with world.api.app[app_keys.DATABASE].active():
            assert (await Payment.get(id=waiting.id)).state == "credited"

        await players.page.goto(f"{site.url}/en/account")
        await expect(players.page.locator("h1")).to_be_visible()
        await page.goto(f"{site.url}/en/admin/users/{player.caller.account_id}")
        await hands.fill("ban", reason="Tests our patience")
        await hands.send("ban")
        await hands.send("confirm")
        await expect(page.locator(".badge.bad").first).to_be_visible()
        assert visit.trouble == []
        assert players.trouble == []
        answer = await players.page.goto(f"{site.url}/en/account")
        assert answer is not None
        assert answer.status in (200, 403)
        await expect(players.page.locator('a[href="/en/account/plan"]')).to_have_count(0)
    assert world.api.app[app_keys.METRICS].csp_reports._value.get() == 0
