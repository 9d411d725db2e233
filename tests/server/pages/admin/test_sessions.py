"""/admin/sessions: everybody's sessions, and ending one."""

from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session
from support.callers import signed_in_as
from support.desk_visitor import Desk, confirmed
from support.member_relay import enrolled_relay
from support.operator_rows import session_row


async def test_a_session_is_found_shown_and_ended(desk: Desk) -> None:
    relay = await enrolled_relay(desk.api)
    player = await signed_in_as(desk.api)
    with desk.active:
        account, node = await Account.get(id=player.account_id), await Node.get(id=relay.identity.node_id)
        session = await session_row(account, node, utc_now(), chosen_because="the nearest")
    listed = await desk.support.open(f"/en/admin/sessions?state=active&account={player.account_id}&game=cs2")
    assert f"/en/admin/sessions/{session.id}" in listed.links
    shown = await desk.admin.open(f"/en/admin/sessions/{session.id}")
    assert "the nearest" in shown.text
    done = await confirmed(desk.admin, shown.form("kill"), reason="asked for")
    assert "The session has ended." in done.text
    assert "kill" not in done.ids
    with desk.active:
        assert (await Session.get(id=session.id)).ended_at is not None
    assert await desk.acts() == ["sessions.kill session"]
    assert "No session fits." in (await desk.admin.open("/en/admin/sessions?since=2999-01-01")).text
