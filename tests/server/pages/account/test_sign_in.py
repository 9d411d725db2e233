"""/sign-in. Who may send it, and where it leads: see test_page_security."""

from pathlib import Path

from plg_server import app_keys
from plg_server.models.accounts import SignIn
from plg_server.pages.visitor import SESSION_COOKIE
from support.api_driver import PASSWORD
from support.guarded_account import guarded_account
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor


async def test_with_a_second_factor_the_page_asks_for_its_code_and_forgets_the_password(tmp_path: Path) -> None:
    async with shared_server(tmp_path / "data") as api:
        guarded = await guarded_account(api)
        await guarded.turn_on()
        visitor = SiteVisitor(api)
        shown = await visitor.open("/ru/sign-in")
        assert "totp" not in shown.form("sign-in").fields
        asked = await visitor.submit(shown.form("sign-in"), email=guarded.email, password=PASSWORD)
        assert (asked.status, asked.form("sign-in").fields["email"]) == (401, [guarded.email])
        assert PASSWORD not in asked.html
        again = await visitor.submit(asked.form("sign-in"), password=PASSWORD, totp="000000")
        assert (again.status, again.form("sign-in").fields["totp"]) == (401, [""])
        assert SESSION_COOKIE not in visitor.cookies
        await visitor.submit(again.form("sign-in"), password=PASSWORD, totp=await guarded.code())
        assert SESSION_COOKIE in visitor.cookies
        with api.app[app_keys.DATABASE].active():
            assert await SignIn.filter(account_id=guarded.caller.account_id, device="Firefox on Linux").count() == 1


async def test_whoever_is_signed_in_goes_on_and_an_empty_form_says_what_is_needed(tmp_path: Path) -> None:
    async with shared_server(tmp_path / "data") as api:
        visitor = SiteVisitor(api)
        shown = await visitor.open("/en/sign-in")
        refused = await visitor.submit(shown.form("sign-in"), email="", password="")
        assert (refused.status, "email-told" in refused.ids) == (422, True)
        await api.register()
        await visitor.sign_in("player@example.org", PASSWORD)
        assert (await visitor.open("/en/sign-in")).path == "/en/account"
