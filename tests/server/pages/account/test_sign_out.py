"""/sign-out. Whose form counts: see test_page_security."""

from pathlib import Path

from plg_server import app_keys
from plg_server.pages.form_origin import FIELD
from plg_server.pages.visitor import SESSION_COOKIE
from support.api_driver import PASSWORD
from support.shared_server import shared_server
from support.site_visitor import Form, SiteVisitor


async def test_the_browser_is_signed_out_and_its_other_devices_are_not(tmp_path: Path) -> None:
    async with shared_server(tmp_path / "data") as api:
        await api.register()
        here, there = SiteVisitor(api), SiteVisitor(api)
        for visitor in (here, there):
            await visitor.sign_in("player@example.org", PASSWORD)
        token = api.app[app_keys.FORM_TOKENS].token(here.cookies[SESSION_COOKIE])
        shown = await here.submit(Form("", "/en/sign-out", "post", {FIELD: [token]}))
        assert (shown.path, "You are signed out." in shown.text) == ("/en/", True)
        assert SESSION_COOKIE not in here.cookies
        assert "/en/account" in (await there.open("/en/")).links
        assert "/en/account" not in (await here.open("/en/")).links
