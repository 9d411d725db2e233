"""Acts are tried first, on a page that changes nothing, and done by its button."""

from plg_server.models.accounts import Account
from support.callers import signed_in_as
from support.desk_visitor import Desk


async def banned(desk: Desk, user_id: str) -> bool:
    with desk.active:
        return (await Account.get(id=user_id)).banned_at is not None


async def test_the_first_form_only_shows_what_would_happen_and_the_second_does_it(desk: Desk) -> None:
    user_id = (await signed_in_as(desk.api)).account_id
    shown = await desk.admin.open(f"/en/admin/users/{user_id}")
    trial = await desk.admin.submit(shown.form("ban"), reason="cheats <b>")
    assert "Nothing has been done yet" in trial.text
    assert "Sign-ins that end: 1" in trial.text
    assert not await banned(desk, user_id)
    assert await desk.acts() == []
    done = await desk.admin.submit(trial.form("confirm"))
    assert (done.path, "The account is banned." in done.text) == (f"/en/admin/users/{user_id}", True)
    assert await banned(desk, user_id)
    assert await desk.acts() == ["users.ban account"]


async def test_what_would_change_nothing_says_so(desk: Desk) -> None:
    user_id = (await signed_in_as(desk.api)).account_id
    shown = await desk.admin.open(f"/ru/admin/users/{user_id}")
    trial = await desk.admin.submit(shown.form("role"), role="player")
    assert "Ничего не изменится." in trial.text


async def test_a_refused_act_shows_the_subject_again_with_the_reason_and_what_was_typed(desk: Desk) -> None:
    user_id = (await signed_in_as(desk.api)).account_id
    shown = await desk.admin.open(f"/en/admin/users/{user_id}")
    again = await desk.admin.submit(shown.form("ban"), reason="")
    assert again.status == 422
    assert "This is needed." in again.text
    long = await desk.admin.submit(shown.form("ban"), reason="x" * 300)
    assert "At most 255 characters." in long.text
    assert long.form("ban").fields["reason"] == ["x" * 300]


async def test_reloading_or_changing_the_language_of_the_question_leads_to_the_subject(desk: Desk) -> None:
    user_id = (await signed_in_as(desk.api)).account_id
    shown = await desk.admin.open(f"/en/admin/users/{user_id}")
    trial = await desk.admin.submit(shown.form("ban"), reason="x")
    link = next(link for link in trial.links if "language=ru" in link)
    assert (await desk.admin.open(link)).path == f"/ru/admin/users/{user_id}"
