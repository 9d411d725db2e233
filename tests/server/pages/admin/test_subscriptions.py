"""/admin/subscriptions: supporters give days, change plans, cancel and take back."""

from plg_server.models.accounts import Account
from support.callers import signed_in_as
from support.desk_visitor import Desk, confirmed


async def test_a_supporter_looks_after_a_subscription(desk: Desk) -> None:
    user_id = (await signed_in_as(desk.api)).account_id
    address = f"/en/admin/subscriptions/{user_id}"
    form = (await desk.support.open(address)).form("extend")
    done = await confirmed(desk.support, form, days="5", plan="monthly", reason="an outage")
    assert "an outage" in done.text
    # The same form once more (the browser's way back) gives nothing twice.
    await confirmed(desk.support, form, days="5", plan="monthly", reason="an outage")
    listed = await desk.support.open("/en/admin/subscriptions?state=active")
    assert f"{user_id}@example.org active monthly" in listed.text
    await confirmed(desk.support, (await desk.support.open(address)).form("cancel"), reason="asked")
    grant = next(form for form in (await desk.support.open(address)).forms if form.id.startswith("take-back-"))
    await confirmed(desk.support, grant, reason="by mistake")
    assert "taken back" in (await desk.support.open(address)).text
    with desk.active:
        assert (await Account.get(id=user_id)).plan_name != "monthly"
    await confirmed(
        desk.support, (await desk.support.open(address)).form("set-plan"), plan="yearly", reason="x", endless="true"
    )
    assert "never" in (await desk.support.open(address)).text
    acts = [act.partition(" ")[0] for act in await desk.acts()]
    assert acts == [f"subscriptions.{act}" for act in ("extend", "cancel", "take_back", "set_plan")]
