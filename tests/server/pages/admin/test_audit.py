"""/admin/audit: what operators did, with filters."""

from support.callers import signed_in_as
from support.desk_visitor import Desk, confirmed


async def test_acts_are_listed_with_who_and_what_and_are_filtered(desk: Desk) -> None:
    user_id = (await signed_in_as(desk.api)).account_id
    shown = await desk.admin.open(f"/en/admin/users/{user_id}")
    await confirmed(desk.admin, shown.form("ban"), reason="cheats")
    for query in ("", "act=users.", f"subject=account:{user_id}", "since=2000-01-01&until=9999-12-31"):
        listed = await desk.support.open(f"/en/admin/audit?{query}")
        assert "users.ban" in listed.text, query
        assert f"/en/admin/users/{user_id}" in listed.links
    for query in ("act=nodes.", "actor=machine", "until=2000-01-01"):
        assert "Nothing fits." in (await desk.support.open(f"/en/admin/audit?{query}")).text, query
