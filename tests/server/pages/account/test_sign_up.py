"""/sign-up."""

from pathlib import Path

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.models.codes import Referral
from plg_server.pages.visitor import SESSION_COOKIE
from plg_server.services.referrals import referral_report
from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import Guarded
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor

ANN = "ann@example.org"


async def test_a_new_account_is_signed_in_at_once_with_a_token_that_the_browser_did_not_bring(
    cabinet: ApiDriver,
) -> None:
    visitor = SiteVisitor(cabinet)
    visitor.cookies[SESSION_COOKIE] = planted = "a-token-that-somebody-else-knows-0123456789"
    shown = await visitor.open("/ru/sign-up")
    shown = await visitor.submit(shown.form("sign-up"), email=ANN, password=PASSWORD, display_name="Анна")
    assert (shown.path, shown.status) == ("/ru/account", 200)
    assert "Добро пожаловать!" in shown.text
    assert "Здравствуйте, Анна" in shown.text
    assert visitor.cookies[SESSION_COOKIE] != planted
    with cabinet.app[app_keys.DATABASE].active():
        assert (await Account.get(email=ANN)).language == "ru"
    assert (await visitor.open("/en/sign-up")).path == "/en/account"


async def test_a_friends_link_brings_the_code_along_and_it_counts(cabinet: ApiDriver, owner: Guarded) -> None:
    with cabinet.app[app_keys.DATABASE].active():
        code = (await referral_report(owner.caller.account_id, cabinet.app[app_keys.CLOCK]())).code
    visitor = SiteVisitor(cabinet)
    shown = await visitor.open(f"/sign-up?ref={code}")
    form = shown.form("sign-up")
    assert form.fields["ref"] == [code]
    shown = await visitor.submit(form, email=ANN, password=PASSWORD)
    assert "your code is taken" in shown.text
    with cabinet.app[app_keys.DATABASE].active():
        assert await Referral.filter(referrer_id=owner.caller.account_id).count() == 1


async def test_a_wrong_code_does_not_keep_anybody_out(cabinet: ApiDriver) -> None:
    visitor = SiteVisitor(cabinet)
    shown = await visitor.open("/en/sign-up?ref=NOBODYS-CODE")
    shown = await visitor.submit(shown.form("sign-up"), email=ANN, password=PASSWORD)
    assert shown.path == "/en/account"
    assert "The code was wrong" in shown.text


async def test_what_is_wrong_is_said_and_the_password_is_not_echoed(cabinet: ApiDriver, owner: Guarded) -> None:
    visitor = SiteVisitor(cabinet)
    shown = await visitor.open("/en/sign-up")
    short = await visitor.submit(shown.form("sign-up"), email=ANN, password="short-one")
    assert short.status == 422
    assert "At least 10 characters." in short.text
    assert "short-one" not in short.html
    assert short.form("sign-up").fields["email"] == [ANN]
    taken = await visitor.submit(shown.form("sign-up"), email=owner.email, password=PASSWORD)
    assert taken.status == 409
    assert "exists" in taken.text
    assert PASSWORD not in taken.html


async def test_a_closed_registration_says_so(tmp_path: Path) -> None:
    async with shared_server(tmp_path, {"registration_open": False}) as api:
        visitor = SiteVisitor(api)
        shown = await visitor.open("/ru/sign-up")
        assert "Регистрация на этом сервере закрыта" in shown.text
        assert [form.id for form in shown.forms] == []
        other = await visitor.open("/en/sign-in")
        form = other.form("sign-in")
        form.action = "/en/sign-up"
        refused = await visitor.submit(form, email=ANN, password=PASSWORD)
        assert refused.status == 403


async def test_it_is_limited_like_signing_in(tmp_path: Path) -> None:
    async with shared_server(tmp_path, {"rate_limits_on": True}) as api:
        visitor = SiteVisitor(api)
        form = (await visitor.open("/ru/sign-up")).form("sign-up")
        answers = [await visitor.submit(form, email=ANN, password="short") for _ in range(40)]
        assert answers[0].status == 422
        assert answers[-1].status == 429
        assert "Слишком много попыток" in answers[-1].text
