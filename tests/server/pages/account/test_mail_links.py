"""/forgot and where the links of e-mails lead: with scripts and without, and opening uses nothing up."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from plg_server.pages.visitor import SESSION_COOKIE
from support.api_driver import PASSWORD
from support.browser import headless_chromium, watched_page
from support.mail_world import MailWorld, mail_world
from support.site_visitor import SiteVisitor

ANN = "ann@example.org"
OTHER = "another good password"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MailWorld]:
    async with mail_world(tmp_path, public_url="https://plg.example.org") as made:
        yield made


def token_of(link: str) -> str:
    return link.partition("#")[2]


async def test_without_scripts_the_short_code_confirms_for_whoever_is_signed_in(world: MailWorld) -> None:
    access = await world.player(ANN)
    code = (await world.mail(ANN)).code
    stranger = SiteVisitor(world.api)
    shown = await stranger.open("/account/verify")
    assert shown.path == "/en/account/verify"
    refused = await stranger.submit(shown.form("verify"), code=code)
    assert refused.status == 404
    assert code not in refused.html

    visitor = SiteVisitor(world.api)
    await visitor.sign_in(ANN, PASSWORD)
    shown = await visitor.open("/ru/account/verify")
    assert ANN in shown.text
    assert (await world.settings(access))["email_verified"] is False
    done = await visitor.submit(shown.form("verify"), code=code.lower())
    assert done.path == "/ru/account"
    assert "Адрес электронной почты подтверждён." in done.text
    assert (await world.settings(access))["email_verified"] is True


async def test_without_scripts_the_token_of_a_link_confirms_for_anybody_who_has_it_once(world: MailWorld) -> None:
    access = await world.player(ANN)
    token = token_of((await world.mail(ANN)).link)
    visitor = SiteVisitor(world.api)
    shown = await visitor.open("/en/account/verify")
    done = await visitor.submit(shown.form("verify"), code=token)
    assert done.path == "/en/sign-in"
    assert (await world.settings(access))["email_verified"] is True
    again = await visitor.submit(shown.form("verify"), code=token)
    assert again.status == 404
    assert token not in again.html


async def test_another_code_can_be_asked_for_and_a_changed_address_is_confirmed_here(world: MailWorld) -> None:
    await world.player(ANN)
    visitor = SiteVisitor(world.api)
    await visitor.sign_in(ANN, PASSWORD)
    world.clock.forward(seconds=61)
    shown = await visitor.open("/en/account/verify")
    sent = await visitor.submit(shown.form("send-code"))
    assert "on its way" in sent.text
    too_soon = await visitor.submit(sent.form("send-code"))
    assert too_soon.status == 429
    code = (await world.mail(ANN, 2)).code
    assert "is confirmed" in (await visitor.submit(sent.form("verify"), code=code)).text

    shown = await visitor.open("/en/account/security/email")
    wrong = await visitor.submit(shown.form("new-email"), new_email="new@example.org", password="not the password")
    assert (wrong.status, "The password is wrong." in wrong.text) == (403, True)
    asked = await visitor.submit(shown.form("new-email"), new_email="new@example.org", password=PASSWORD)
    assert asked.path == "/en/account/verify"
    assert "new@example.org" in asked.text
    await visitor.submit(asked.form("verify"), code=(await world.mail("new@example.org")).code)
    assert "new@example.org" in (await visitor.open("/en/account/security")).text

    undo = token_of((await world.mail(ANN, 3)).link)
    shown = await visitor.open("/en/account/undo")
    done = await visitor.submit(shown.form("undo"), code=undo)
    assert done.path == "/en/forgot"
    assert "The old address is back." in done.text
    assert SESSION_COOKIE not in visitor.cookies


async def test_forgot_says_the_same_for_every_address_and_a_reset_ends_all_sign_ins(world: MailWorld) -> None:
    await world.player(ANN)
    elsewhere, visitor = SiteVisitor(world.api), SiteVisitor(world.api)
    await elsewhere.sign_in(ANN, PASSWORD)
    shown = await visitor.open("/ru/forgot")
    answers = [await visitor.submit(shown.form("forgot"), email=email) for email in (ANN, "nobody@example.org")]
    assert [one.text for one in answers] == [answers[0].text] * 2
    assert [(one.path, one.status) for one in answers] == [("/ru/account/reset", 200)] * 2

    code = (await world.mail(ANN, 2)).code
    wrong = await visitor.submit(answers[0].form("reset"), code="AAAA-BBBB-CCCC-DDDD", new_password=OTHER)
    assert (wrong.status, OTHER not in wrong.html) == (404, True)
    done = await visitor.submit(answers[0].form("reset"), code=code, new_password=OTHER)
    assert done.path == "/ru/sign-in"
    assert (await elsewhere.open("/en/account")).path == "/en/sign-in"
    assert (await visitor.sign_in(ANN, OTHER)).path == "/en/account"


async def test_in_a_browser_the_link_puts_its_token_into_the_form_and_out_of_the_address(world: MailWorld) -> None:
    access = await world.player(ANN)
    base = str(world.api.client.make_url("")).rstrip("/")

    def at_the_test(link: str) -> str:
        # E-mails name the public address; here it is the test's. The address has no language: it leads to the visitor's.
        return link.replace("https://plg.example.org", base)

    async with headless_chromium() as chromium, watched_page(chromium) as visit:
        page = visit.page
        await page.goto(at_the_test((await world.mail(ANN)).link))
        await expect(page.get_by_role("heading")).to_have_text("Confirm your e-mail address")
        await expect(page.get_by_text("Your link is in place.")).to_be_visible()
        await expect(page.locator("#code")).to_be_hidden()
        assert page.url == f"{base}/en/account/verify"
        assert (await world.settings(access))["email_verified"] is False  # opening it used nothing up
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.get_by_role("status")).to_have_text("Your e-mail address is confirmed.")
        assert (await world.settings(access))["email_verified"] is True

        await world.forgot(ANN)
        await page.goto(at_the_test((await world.mail(ANN, 2)).link))
        await page.get_by_label("New password").fill(OTHER)
        await page.get_by_role("button", name="Set the password").click()
        await expect(page.get_by_role("status")).to_contain_text("The password is set.")
        assert await world.can_log_in(ANN, OTHER)
        # A picture that was still on its way when the page was left is no trouble.
        assert [one for one in visit.trouble if "ERR_ABORTED" not in one] == []
        assert await visit.hidden_width_px() <= 0
