"""/account/security: the password, and the language of e-mails. The address: see test_mail_links."""

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.pages.visitor import SESSION_COOKIE
from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import Guarded
from support.site_visitor import SiteVisitor

OTHER = "another good password"


async def test_a_new_password_ends_all_other_sign_ins_and_gives_this_browser_another_token(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    elsewhere, thief = SiteVisitor(cabinet), SiteVisitor(cabinet)
    await elsewhere.sign_in(owner.email, PASSWORD)
    thief.cookies[SESSION_COOKIE] = copied = visitor.cookies[SESSION_COOKIE]
    assert (await thief.open("/en/account")).path == "/en/account"
    shown = await visitor.open("/en/account/security/password")
    done = await visitor.submit(shown.form("new-password"), old_password=PASSWORD, new_password=OTHER)
    assert done.path == "/en/account/security"
    assert "The password is changed." in done.text
    assert visitor.cookies[SESSION_COOKIE] != copied
    assert (await visitor.open("/en/account")).path == "/en/account"
    for other in (elsewhere, thief):
        assert (await other.open("/en/account")).path == "/en/sign-in"
    assert (await cabinet.get("/v1/me", owner.token)).status == 401


async def test_a_wrong_password_changes_nothing_and_none_is_echoed(visitor: SiteVisitor) -> None:
    before = dict(visitor.cookies)
    shown = await visitor.open("/ru/account/security/password")
    refused = await visitor.submit(shown.form("new-password"), old_password="not the password", new_password=OTHER)
    assert (refused.status, "Пароль неверен" in refused.text) == (403, True)
    assert "not the password" not in refused.html
    assert OTHER not in refused.html
    assert visitor.cookies == before


async def test_e_mails_come_in_the_language_that_was_chosen(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    shown = await visitor.open("/en/account/security")
    done = await visitor.submit(shown.form("mail-language"), language="ru")
    assert done.form("mail-language").fields["language"] == ["ru"]
    with cabinet.app[app_keys.DATABASE].active():
        assert (await Account.get(id=owner.caller.account_id)).language == "ru"


async def test_without_e_mail_an_address_cannot_be_changed_and_the_page_says_so(visitor: SiteVisitor) -> None:
    shown = await visitor.open("/en/account/security/email")
    assert "This server sends no e-mail" in shown.text
    assert "new-email" not in [form.id for form in shown.forms]
