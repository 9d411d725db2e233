"""/admin/users: accounts are found, and one shows all that operators may know."""

from support.desk_visitor import Desk, confirmed


async def test_an_account_is_found_and_shows_devices_payments_and_what_was_done_to_it(desk: Desk) -> None:
    user_id = await desk.buyer("1")
    listed = await desk.support.open(f"/en/admin/users?query={user_id}")
    assert f"/en/admin/users/{user_id}" in listed.links
    shown = await desk.admin.open(f"/en/admin/users/{user_id}")
    await confirmed(desk.admin, shown.form("ban"), reason="cheats")
    shown = await desk.support.open(f"/en/admin/users/{user_id}")
    for words in ("monthly", "credited", "users.ban", "cheats", "banned"):
        assert words in shown.text
    assert "ban" not in shown.ids


async def test_filters_narrow_the_list(desk: Desk) -> None:
    await desk.buyer("1")
    assert "1 to 1 of 1" in (await desk.admin.open("/en/admin/users?plan=monthly")).text
    assert "No account fits." in (await desk.admin.open("/en/admin/users?banned=true")).text
    assert "1 to 1 of 1" in (await desk.admin.open("/en/admin/users?role=support")).text
