"""/account/payments."""

from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.payments import Payment
from plg_server.services.entitlement import Days, give
from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import Guarded, guarded_account
from support.site_visitor import SiteVisitor


async def payment(account_id: str, number: str, days: int = 30) -> Payment:
    now = utc_now()
    return await Payment.create(
        id=new_id(), provider="stripe", external_id=number, account_id=account_id, currency="USD", amount_minor=599,
        state="credited" if days else "unmatched", plan_name="monthly", days=days, paid_at=now, seen_at=now,
    )  # fmt: skip


async def test_payments_have_receipts_that_only_their_payer_sees(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    with cabinet.app[app_keys.DATABASE].active():
        mine = await payment(owner.caller.account_id, "pi_1")
        waits = await payment(owner.caller.account_id, "pi_2", days=0)
        await give(owner.caller.account_id, Days("monthly", 2, 30, "payment", mine.id), utc_now())
    shown = await visitor.open("/ru/account/payments")
    assert "$5.99" in shown.text
    assert "У оператора" in shown.text
    assert "Откуда ваши дни" in shown.text
    assert f"/ru/account/payments/{waits.id}" not in shown.links
    receipt = await visitor.open(f"/ru/account/payments/{mine.id}")
    for words in ("Чек", mine.id.upper(), owner.email, "30 дней", "Карта (Stripe)", "pi_1"):
        assert words in receipt.text

    stranger = SiteVisitor(cabinet)
    await stranger.sign_in((await guarded_account(cabinet)).email, PASSWORD)
    for unknown in (mine.id, waits.id, new_id()):
        assert (await stranger.open(f"/en/account/payments/{unknown}")).status == 404
    assert "You have paid nothing yet." in (await stranger.open("/en/account/payments")).text
