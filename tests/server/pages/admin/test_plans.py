"""/admin/plans: prices and days."""

from plg_server.models.billing import BillingPlan
from support.desk_visitor import Desk, confirmed


async def test_a_price_is_changed_and_one_taken_away(desk: Desk) -> None:
    shown = await desk.admin.open("/en/admin/plans/monthly")
    form = shown.form("edit-plan")
    trial = await desk.admin.submit(form, usd="7.49", eur="")
    assert "7.49" in trial.text
    await desk.admin.submit(trial.form("confirm"))
    again = (await desk.admin.open("/en/admin/plans/monthly")).form("edit-plan")
    assert (again.fields["usd"], again.fields["eur"]) == (["7.49"], [""])
    assert await desk.acts() == ["plans.edit plan"]


async def test_a_new_plan_is_made_and_a_known_name_is_refused(desk: Desk) -> None:
    form = (await desk.admin.open("/en/admin/plans")).form("new-plan")
    await confirmed(desk.admin, form, name="weekend", days="3", usd="1.00", offered="true")
    with desk.active:
        plan = await BillingPlan.get(id="weekend")
    assert plan.days == 3
    refused = await desk.admin.submit(form, name="monthly", days="3")
    assert refused.status == 422
    assert "there is a plan monthly already" in refused.text


async def test_a_price_that_is_none_is_told_at_its_field(desk: Desk) -> None:
    refused = await desk.admin.submit((await desk.admin.open("/en/admin/plans/monthly")).form("edit-plan"), usd="cheap")
    assert refused.status == 422
    assert "This cannot be right." in refused.text
