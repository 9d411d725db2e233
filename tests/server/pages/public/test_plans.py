"""/plans."""

from pathlib import Path

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.services.plans import PlanFacts, edit_plan
from support.api_driver import PASSWORD
from support.public_site import SELLING
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor


async def test_with_billing_off_the_server_is_said_to_be_free(tmp_path: Path) -> None:
    async with shared_server(tmp_path, {"plan_max_sessions": 3}) as api:
        shown, russian = await SiteVisitor(api).open("/en/plans"), await SiteVisitor(api).open("/ru/plans")
    assert "Nothing is sold here" in shown.text
    assert "3 sessions at a time" in shown.text
    assert "3 сессии одновременно" in russian.text
    assert "$" not in shown.text


async def test_prices_ways_to_pay_and_rules_are_those_of_the_server(tmp_path: Path) -> None:
    async with shared_server(tmp_path, SELLING) as api:
        visitor = SiteVisitor(api)
        dollars, roubles = await visitor.open("/en/plans"), await visitor.open("/en/plans?currency=RUB")
        odd = await visitor.open("/en/plans?currency=%3Cb%3E")
        russian = await visitor.open("/ru/plans")
    assert "$47.88" in dollars.text
    assert "3988.00 ₽" in roubles.text
    assert "3988.00 ₽" in russian.text
    assert (odd.status, odd.text) == (200, dollars.text)
    assert "Robokassa" in dollars.text
    assert "Stripe" not in dollars.text
    assert "Nothing renews by itself" in dollars.text
    assert "Ничего не продлевается само" in russian.text
    assert "given back" not in dollars.text


async def test_what_the_operator_edits_is_on_the_page_and_hostile_names_are_text(tmp_path: Path) -> None:
    async with shared_server(tmp_path, {**SELLING, "billing_outcome_fair": True}) as api:
        with api.app[app_keys.DATABASE].active():
            await edit_plan(PlanFacts("<b>50%(x)s", 10, prices={"USD": "1.23"}), utc_now())
            for name in ("monthly", "quarterly", "yearly"):
                await edit_plan(PlanFacts(name, 30, prices={"USD": "9.99"}), utc_now(), withdrawn=True)
        shown = await SiteVisitor(api).open("/en/plans")
    assert "&lt;b&gt;50%(x)s" in shown.html
    assert "$1.23" in shown.text
    assert "$9.99" not in shown.text
    assert "given back" in shown.text


async def test_choosing_a_plan_leads_to_it_by_way_of_an_account(tmp_path: Path) -> None:
    async with shared_server(tmp_path / "open", SELLING) as api:
        visitor = SiteVisitor(api)
        shown = await visitor.open("/en/plans")
        assert "/en/sign-up?next=%2Fen%2Faccount%2Fplan" in shown.links
        await api.register()
        await visitor.sign_in("player@example.org", PASSWORD)
        assert "/en/account/plan" in (await visitor.open("/en/plans")).links
    async with shared_server(tmp_path / "closed", {**SELLING, "registration_open": False}) as api:
        closed = [
            link for path in ("", "plans", "download") for link in (await SiteVisitor(api).open(f"/en/{path}")).links
        ]
    assert not any("/sign-up" in link for link in closed)
