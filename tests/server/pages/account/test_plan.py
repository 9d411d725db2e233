"""/account/plan and /account/checkouts."""

import pytest

from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.payments import Checkout
from plg_server.services.codes import NewCode, make_code
from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import Guarded, guarded_account
from support.payment_signers import robokassa_notice
from support.site_visitor import Shown, SiteVisitor


async def pay_by(visitor: SiteVisitor, way: str, plan: str = "monthly") -> Shown:
    shown = await visitor.open("/en/account/plan")
    return await visitor.submit(shown.form("pay"), plan=plan, way=way)


async def test_the_trial_is_had_once_and_cancelling_says_until_when(visitor: SiteVisitor) -> None:
    shown = await visitor.open("/ru/account/plan")
    assert "Тарифа пока нет" in shown.text
    trial = shown.form("trial")
    begun = await visitor.submit(trial)
    assert "Пробный период начался." in begun.text
    assert "осталось 7 дней" in begun.text
    again = await visitor.submit(trial)
    assert again.status == 409
    cancelled = await visitor.submit(begun.form("cancel-plan"))
    assert "работает до конца" in cancelled.text
    assert "осталось 7 дней" in cancelled.text
    assert "cancel-plan" not in [form.id for form in cancelled.forms]


async def test_a_code_of_an_operator_is_used_once_and_never_shown_again(
    cabinet: ApiDriver, visitor: SiteVisitor
) -> None:
    with cabinet.app[app_keys.DATABASE].active():
        gift = await make_code(NewCode(kind="gift", days=30), utc_now())
    shown = await visitor.open("/en/account/plan")
    used = await visitor.submit(shown.form("use-code"), code=f" {gift.lower()} ")
    assert "The code is taken." in used.text
    assert "30 days left" in used.text
    again = await visitor.submit(shown.form("use-code"), code=gift)
    assert again.status == 409
    assert gift not in again.html


async def test_a_payment_waits_is_looked_at_again_and_has_come(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    shown = await pay_by(visitor, "robokassa:RUB")
    assert shown.path.startswith("/en/account/checkouts/")
    assert "Waiting for the payment" in shown.text
    assert 'data-payment-state="waiting"' in shown.html
    assert 'class="qr"' in shown.html
    link = next(one for one in shown.links if one.startswith("https://"))
    assert (await visitor.open(shown.path)).status == 200
    assert shown.path in (await visitor.open("/en/account/plan")).links

    stranger = SiteVisitor(cabinet)
    await stranger.sign_in((await guarded_account(cabinet)).email, PASSWORD)
    assert (await stranger.open(shown.path)).status == 404

    told = await cabinet.post("/v1/payments/notices/robokassa", data=robokassa_notice(link))
    assert told.status == 200
    come = await visitor.open(shown.path.replace("/en/", "/ru/"))
    assert "Платёж пришёл" in come.text
    assert 'data-payment-state="paid"' in come.html
    receipt = await visitor.open(next(one for one in come.links if "/account/payments/" in one))
    assert owner.email in receipt.text
    assert "30 days left" in (await visitor.open("/en/account/plan")).text


async def test_a_donation_shows_the_code_that_must_stand_in_its_message(visitor: SiteVisitor) -> None:
    shown = await pay_by(visitor, "donatepay:RUB", "quarterly")
    code = shown.html.partition('id="pay-code">')[2].partition("<")[0]
    assert code.startswith("PLG-")
    assert any(code in link for link in shown.links if link.startswith("https://donate.example.org/"))
    assert "with the code in the message" in shown.text


@pytest.mark.parametrize(
    ("plan", "way"),
    [("monthly", "nobody:RUB"), ("monthly", "robokassa:XYZ"), ("no-such-plan", "robokassa:RUB"), ("monthly", "<b>")],
)
async def test_what_is_not_offered_is_refused_on_the_same_page(visitor: SiteVisitor, plan: str, way: str) -> None:
    shown = await pay_by(visitor, way, plan)
    assert shown.status in (404, 422)
    assert shown.form("pay").action == "/en/account/plan/pay"
    assert "<b>" not in shown.html.replace("<body>", "")


async def test_a_payment_that_is_over_says_so(cabinet: ApiDriver, visitor: SiteVisitor) -> None:
    shown = await pay_by(visitor, "robokassa:RUB")
    with cabinet.app[app_keys.DATABASE].active():
        await Checkout.all().update(expires_at=utc_now())
    over = await visitor.open(shown.path)
    assert 'data-payment-state="over"' in over.html
    assert not [link for link in over.links if link.startswith("https://")]
    assert (await visitor.open(f"/en/account/checkouts/{new_id()}")).status == 404
