"""/admin/tokens: listed without the tokens themselves, and revoked."""

from plg.contract.api_tokens import Scope
from plg_server.models.account_safety import ApiToken
from support.callers import api_token
from support.desk_visitor import Desk, confirmed
from support.member_relay import new_enrolment_token


async def test_tokens_of_both_kinds_are_listed_and_revoked(desk: Desk) -> None:
    token = await api_token(desk.api, "player", Scope.READ)
    enrolment = await new_enrolment_token(desk.api, "frankfurt-9")
    listed = await desk.support.open("/en/admin/tokens")
    assert "frankfurt-9" in listed.text
    assert token not in listed.html
    assert enrolment not in listed.html
    with desk.active:
        row = await ApiToken.all().first()
    assert row is not None
    shown = await desk.admin.open(f"/en/admin/tokens/{row.id}")
    done = await confirmed(desk.admin, shown.form("revoke"), reason="leaked")
    assert "The token is revoked." in done.text
    with desk.active:
        assert (await ApiToken.get(id=row.id)).revoked_at is not None
    assert await desk.acts() == ["tokens.revoke token"]
