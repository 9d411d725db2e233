"""Relays in and out of service, each act shown before it is done."""

from plg_server.models.nodes import Node
from support.desk_visitor import Desk, confirmed
from support.member_relay import enrolled_relay


async def test_out_of_service_and_back_and_gone(desk: Desk) -> None:
    relay = await enrolled_relay(desk.api)
    address = f"/en/admin/nodes/{relay.identity.node_id}"

    async def act(name: str) -> str:
        return (await confirmed(desk.admin, (await desk.admin.open(address)).form(name))).text

    assert "The relay gets no new sessions." in await act("disable")
    assert "takes sessions again" in await act("enable")
    # It has no control address here, so it cannot be told.
    assert "could not be told to drain" in await act("drain")
    assert "The relay is deleted." in await act("delete")
    with desk.active:
        node = await Node.get(id=relay.identity.node_id)
    assert node.deleted_at is not None
    assert await desk.acts() == ["nodes.disable node", "nodes.enable node", "nodes.drain node", "nodes.delete node"]
    assert "delete" not in (await desk.admin.open(address)).ids


async def test_the_question_tells_of_the_sessions_that_would_end(desk: Desk) -> None:
    relay = await enrolled_relay(desk.api)
    form = (await desk.admin.open(f"/en/admin/nodes/{relay.identity.node_id}")).form("delete")
    trial = await desk.admin.submit(form)
    assert "Sessions that run through it: 0" in trial.text
    assert "This cannot be taken back" in trial.text
