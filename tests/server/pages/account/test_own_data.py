"""/account/data: the file, and the way out."""

import json

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.pages.visitor import SESSION_COOKIE
from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import Guarded
from support.site_visitor import SiteVisitor


async def test_the_file_has_everything_and_is_a_download(owner: Guarded, visitor: SiteVisitor) -> None:
    shown = await visitor.open("/ru/account/data")
    assert "/ru/account/data/export" in shown.links
    file = await visitor.open("/ru/account/data/export")
    assert file.headers["Content-Type"].startswith("application/json")
    assert "attachment" in file.headers["Content-Disposition"]
    assert json.loads(file.html)["account"]["email"] == owner.email


async def test_deleting_shows_first_what_would_go_and_then_asks_again(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    codes = await owner.turn_on()
    shown = await visitor.open("/en/account/data/delete")
    without = await visitor.submit(shown.form("preview"), password=PASSWORD)
    assert without.status == 401
    looked = await visitor.submit(shown.form("preview"), password=PASSWORD, totp=codes[0])
    assert "This would go" in looked.text
    assert "sign-ins" in looked.text
    assert PASSWORD not in looked.html
    assert codes[0] not in looked.html
    unsure = await visitor.submit(looked.form("delete"), password=PASSWORD, totp=codes[0])
    assert unsure.status == 422
    wrong = await visitor.submit(looked.form("delete"), password="not the password", totp=codes[0], sure="true")
    assert wrong.status == 403
    with cabinet.app[app_keys.DATABASE].active():
        assert (await Account.get(id=owner.caller.account_id)).email == owner.email
    gone = await visitor.submit(wrong.form("delete"), password=PASSWORD, totp=codes[0], sure="true")
    assert gone.path == "/en/"
    assert "Your account is deleted." in gone.text
    assert SESSION_COOKIE not in visitor.cookies
    with cabinet.app[app_keys.DATABASE].active():
        assert (await Account.get(id=owner.caller.account_id)).email.endswith("@deleted.invalid")
    assert (await visitor.open("/en/account")).path == "/en/sign-in"
