"""/account/security/devices and /account/security/tokens."""

import re

from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import Guarded, guarded_account
from support.site_visitor import Form, Shown, SiteVisitor


def ends(shown: Shown, act: str) -> list[Form]:
    return [form for form in shown.forms if form.action.endswith(act)]


async def test_each_device_can_be_signed_out_and_all_others_at_once(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    phone = SiteVisitor(cabinet, agent="Mozilla/5.0 (iPhone) Safari/605")
    await phone.sign_in(owner.email, PASSWORD)
    shown = await visitor.open("/en/account/security/devices")
    assert "Safari on iPhone" in shown.text
    assert shown.text.count("This browser") == 1
    ids = re.findall(r"/devices/([0-9a-f]{16})/end", shown.html)
    assert len(ids) == 3  # this browser, the phone, and the sign-in that the account was made with
    phone_form = next(
        form for form in ends(shown, "/end") if "Safari on iPhone" in shown.html.partition(form.action)[2][:400]
    )
    done = await visitor.submit(phone_form)
    assert "That device is signed out." in done.text
    assert (await phone.open("/en/account")).path == "/en/sign-in"
    await phone.sign_in(owner.email, PASSWORD)
    rest = await visitor.submit((await visitor.open("/ru/account/security/devices")).form("end-others"))
    assert "На всех других устройствах вход завершён." in rest.text
    assert (await phone.open("/en/account")).path == "/en/sign-in"
    assert (await visitor.open("/en/account")).path == "/en/account"


async def test_another_accounts_devices_and_tokens_are_as_unknown_as_none(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    other = SiteVisitor(cabinet)
    await other.sign_in((await guarded_account(cabinet)).email, PASSWORD)
    made = await other.submit((await other.open("/en/account/security/tokens")).form("make-token"), name="theirs")
    assert made.status == 200
    for path, act in (("devices", "/end"), ("tokens", "/revoke")):
        theirs = ends(await other.open(f"/en/account/security/{path}"), act)[0]
        form = (await visitor.open("/en/account/security/devices")).form("end-others")
        form.action = theirs.action
        refused = await visitor.submit(form)
        assert refused.status == 404
    assert (await other.open("/en/account")).path == "/en/account"
    assert owner.email not in (await other.open("/en/account/security/devices")).text


async def test_a_token_is_shown_once_works_as_far_as_its_scopes_and_is_revoked(
    cabinet: ApiDriver, visitor: SiteVisitor
) -> None:
    shown = await visitor.open("/en/account/security/tokens")
    form = shown.form("make-token")
    assert form.fields["scopes"] == ["read"]
    assert "admin_read" not in shown.html
    made = await visitor.submit(form, name="<i>my script</i>", scopes=["read", "connect"], expires_in_days="30")
    token = re.findall(r'id="token">([^<]+)<', made.html)[0]
    assert "<i>" not in made.html
    assert (await cabinet.get("/v1/me", token)).status == 200
    listed = await visitor.open("/en/account/security/tokens")
    assert token not in listed.html
    assert "my script" in listed.text
    revoked = await visitor.submit(ends(listed, "/revoke")[0])
    assert "The token works no more." in revoked.text
    assert (await cabinet.get("/v1/me", token)).status == 401


async def test_a_token_without_scopes_or_with_those_of_operators_is_refused(visitor: SiteVisitor) -> None:
    form = (await visitor.open("/ru/account/security/tokens")).form("make-token")
    none = await visitor.submit(form, name="a", scopes=[])
    assert (none.status, "Отметьте хотя бы одно." in none.text) == (422, True)
    operators = await visitor.submit(form, name="a", scopes=["admin_read"])
    assert operators.status == 403
    for days in ("0", "99999", "soon"):
        assert (await visitor.submit(form, name="a", expires_in_days=days)).status == 422
