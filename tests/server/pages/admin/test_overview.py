"""/admin: figures, and what wants to be looked at."""

from plg.contract.admin_stats import IncomeFigure
from plg_server.models.mail import OutboxMail
from plg_server.pages.admin.overview import bars, income_charts, mean_load
from plg_server.services import outbox
from plg_server.services.mail_kinds import MailKind
from support.desk_visitor import Desk
from support.member_relay import enrolled_relay


async def test_the_cards_count_and_lead_to_what_they_count(desk: Desk) -> None:
    relay = await enrolled_relay(desk.api)
    await relay.beat(sessions=40)
    await desk.buyer("1")
    await desk.buyer("2", amount_minor=1)
    shown = await desk.admin.open("/en/admin")
    assert "Relays on line 1 / 1" in shown.text
    assert "Load 40 %" in shown.text
    assert "Payments waiting 1" in shown.text
    assert "One payment waits for a decision." in shown.text
    assert "Income this month" in shown.text
    for path in ("/en/admin/users", "/en/admin/nodes", "/en/admin/payments/queue", "/en/admin/sessions?state=active"):
        assert path in shown.links


async def test_an_empty_server_is_told_what_to_do_first(desk: Desk) -> None:
    shown = await desk.admin.open("/en/admin")
    assert "No relay takes sessions. Add one" in shown.text
    assert "There is no relay yet." in shown.text


async def test_mails_that_were_given_up_are_told(desk: Desk) -> None:
    with desk.active:
        mail_id = await outbox.put(MailKind.PASSWORD_CHANGED, "ann@example.org", "en", {"at": "now"})
        await OutboxMail.filter(id=mail_id).update(state="given_up", last_error="no such mailbox")
    assert "One e-mail could not be sent." in (await desk.admin.open("/en/admin")).text
    assert "no such mailbox" in (await desk.admin.open("/en/admin/settings")).text


def test_bars_are_shares_of_the_longest() -> None:
    assert [bar.width for bar in bars([("a", 4, "4"), ("b", 1, "1"), ("c", 0, "0")])] == [100, 25, 0]
    assert bars([("a", 0, "0")])[0].width == 0
    assert mean_load([]) is None


def test_income_has_a_chart_for_each_currency_and_months_without_any_are_zero() -> None:
    def month(name: str, currency: str, amount: str) -> IncomeFigure:
        return IncomeFigure(month=name, currency=currency, payments=1, amount=amount, refunded="0.00")

    charts = income_charts([month("2026-11", "USD", "5.99"), month("2026-10", "RUB", "499.00")], "en")
    assert [currency for currency, _ in charts] == ["RUB", "USD"]
    assert "499.00" in charts[0][1]
    assert "0.00" in charts[0][1]
