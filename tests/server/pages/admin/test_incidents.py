"""/admin/incidents: players are told, told more, and told that it is over."""

from support.desk_visitor import Desk
from support.member_relay import enrolled_relay


async def test_an_incident_is_opened_added_to_and_ended(desk: Desk) -> None:
    relay = await enrolled_relay(desk.api)
    form = (await desk.admin.open("/en/admin/incidents/new")).form("new-incident")
    shown = await desk.admin.submit(
        form, title="Frankfurt is slow", text="We look at it.", severity="major", node_id=relay.identity.node_id
    )
    assert "hinders most" in shown.text
    told = await desk.admin.submit(shown.form("tell"), text="A cable was cut.")
    assert "A cable was cut." in told.text
    silent = await desk.admin.submit(told.form("tell"), text="")
    assert silent.status == 422
    over = await desk.admin.submit(told.form("tell"), text="Mended.", then="over")
    assert "goes on" not in over.text
    assert await desk.acts() == ["incidents.open incident", "incidents.update incident", "incidents.end incident"]
    assert "Frankfurt is slow" in (await desk.support.open("/en/admin/incidents?state=ended")).text
