"""/account/security/totp: set up, used, renewed, switched off; secrets are shown once."""

import re

from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import Guarded
from support.site_visitor import Shown, SiteVisitor


def secret_of(shown: Shown) -> str:
    return str(re.findall(r'id="totp-secret">([A-Z2-7]{32})<', shown.html)[0])


def codes_of(shown: Shown) -> list[str]:
    return re.findall(r'<li class="secret">([^<]+)</li>', shown.html)


async def test_it_is_set_up_with_a_secret_and_codes_that_are_shown_once(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    shown = await visitor.open("/ru/account/security/totp")
    wrong = await visitor.submit(shown.form("begin-totp"), password="not the password")
    assert wrong.status == 403
    assert "totp-secret" not in wrong.ids
    begun = await visitor.submit(shown.form("begin-totp"), password=PASSWORD)
    secret = secret_of(begun)
    assert 'class="qr"' in begun.html
    assert PASSWORD not in begun.html
    assert begun.headers["Cache-Control"] == "no-store"
    refused = await visitor.submit(begun.form("totp-confirm"), totp="000000")
    assert refused.status == 401
    assert secret not in refused.html
    on = await visitor.submit(refused.form("totp-confirm"), totp=await owner.code(-1))
    codes = codes_of(on)
    assert len(codes) == 10
    assert "Второй фактор включён" in on.text
    for path in ("/account/security", "/account/security/totp", "/account/security/totp/confirm"):
        later = await visitor.open(f"/en{path}")
        assert secret not in later.html
        assert not any(code in later.html for code in codes)

    other = SiteVisitor(cabinet)
    asked = await other.sign_in(owner.email, PASSWORD)
    done = await other.submit(asked.form("sign-in"), password=PASSWORD, totp=codes[0])
    assert done.path == "/en/account"
    assert "9" in (await visitor.open("/en/account/security/totp")).text.partition("Recovery codes left")[2][:5]


async def test_codes_are_renewed_and_it_is_switched_off_with_password_and_code(
    owner: Guarded, visitor: SiteVisitor
) -> None:
    earlier = await owner.turn_on()
    shown = await visitor.open("/en/account/security/totp/codes")
    renewed = await visitor.submit(shown.form("totp-codes"), password=PASSWORD, totp=earlier[0])
    fresh = codes_of(renewed)
    assert len(fresh) == 10
    assert not set(fresh) & set(earlier)
    shown = await visitor.open("/en/account/security/totp/off")
    wrong = await visitor.submit(shown.form("totp-off"), password=PASSWORD, totp=earlier[1])
    assert wrong.status == 401
    assert earlier[1] not in wrong.html
    off = await visitor.submit(shown.form("totp-off"), password=PASSWORD, totp=fresh[0])
    assert off.path == "/en/account/security"
    assert "The second factor is off." in off.text
