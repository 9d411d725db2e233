"""/admin/nodes: the list, one relay, and a token for a new one."""

import re

from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.nodes import EnrolmentToken, Node
from support.callers import signed_in_as
from support.desk_visitor import Desk
from support.member_relay import enrolled_relay
from support.operator_rows import session_row


async def test_the_list_shows_state_load_and_what_sessions_measured(desk: Desk) -> None:
    relay = await enrolled_relay(desk.api, "frankfurt-1")
    await relay.beat(sessions=25)
    player = await signed_in_as(desk.api)
    with desk.active:
        node = await Node.get(id=relay.identity.node_id)
        account = await Account.get(id=player.account_id)
        for ms in (40.0, 50.0, 90.0):
            await session_row(account, node, utc_now(), rtt_ms_p50=10.0, measured_total_ms=ms)
    shown = await desk.admin.open("/en/admin/nodes")
    assert "frankfurt-1 Frankfurt, DE working 25 % 3 / 100 90 ms n=3" in shown.text
    assert "No relay fits." in (await desk.admin.open("/en/admin/nodes?state=deleted")).text


async def test_a_new_relay_gets_a_token_and_the_command_once(desk: Desk) -> None:
    form = (await desk.admin.open("/en/admin/nodes/new")).form("new-node")
    made = await desk.admin.submit(form, name="helsinki-1", country="FI", city="Helsinki")
    found = re.search(r"plg relay enrol --server (\S+) --token (\S+) --public-host", made.text)
    assert found is not None
    body = {"enrol_token": found[2], "public_host": "9.9.9.9", "port": 443}
    assert (await desk.api.post("/v1/relays/enrol", body)).status == 200
    assert found[2] not in (await desk.admin.open("/en/admin/nodes/new")).html
    with desk.active:
        assert await EnrolmentToken.filter(name="helsinki-1", used_at__not_isnull=True).count() == 1
    assert await desk.acts() == ["nodes.create enrolment"]


async def test_a_relay_is_edited_and_emptied_fields_are_empty(desk: Desk) -> None:
    relay = await enrolled_relay(desk.api)
    address = f"/en/admin/nodes/{relay.identity.node_id}"
    form = (await desk.admin.open(address)).form("edit-node")
    shown = await desk.admin.submit(form, name="fra", city="", region="eu", priority_ms="-5", monthly_cost="12.50 EUR")
    assert "Saved." in shown.text
    with desk.active:
        node = await Node.get(id=relay.identity.node_id)
    assert (node.name, node.city, node.region, node.priority, node.monthly_cost) == ("fra", "", "eu", -5, "12.50 EUR")
    again = await desk.admin.submit(form, priority_ms="1000")
    assert again.status == 422
    assert await desk.acts() == ["nodes.edit node"]
