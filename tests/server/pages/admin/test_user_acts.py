"""Bans, roles and sign-outs by the page."""

from plg_server.models.accounts import Account, SignIn
from support.callers import signed_in_as
from support.desk_visitor import Desk, confirmed


async def test_a_ban_a_role_and_a_sign_out_everywhere(desk: Desk) -> None:
    user_id = (await signed_in_as(desk.api)).account_id
    address = f"/en/admin/users/{user_id}"
    await confirmed(desk.admin, (await desk.admin.open(address)).form("sign-out-everywhere"))
    with desk.active:
        assert await SignIn.filter(account_id=user_id, ended_at=None).count() == 0
    await confirmed(desk.admin, (await desk.admin.open(address)).form("role"), role="support")
    await confirmed(desk.admin, (await desk.admin.open(address)).form("ban"), reason="x")
    await confirmed(desk.admin, (await desk.admin.open(address)).form("unban"))
    with desk.active:
        account = await Account.get(id=user_id)
    assert (account.role, account.banned_at) == ("support", None)
    assert await desk.acts() == [
        "users.sign_out account",
        "users.role account",
        "users.ban account",
        "users.unban account",
    ]


async def test_the_last_admin_stays(desk: Desk) -> None:
    with desk.active:
        admin = await Account.get(role="admin")
    shown = await desk.admin.open(f"/en/admin/users/{admin.id}")
    refused = await desk.admin.submit(shown.form("role"), role="player")
    assert refused.status == 409
    assert "This is the last admin" in refused.text
