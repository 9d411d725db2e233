"""Accounts for operators on a terminal."""

from pathlib import Path

from pytest import CaptureFixture  # noqa: PT013 - a type

from plg.cli.admin.user_view import show_change, show_user, show_users
from plg.contract.accounts import Plan, Totals
from plg.contract.admin_users import Role, User, UserChange, UserDetail, UserPage, UserSignIn
from support.inside import invocation_at

USER = User(
    id="0123456789abcdef",
    email="anna@example.org",
    display_name="Anna\x1b[31m",
    role=Role.PLAYER,
    created_at="2026-01-02T03:04:05Z",
    banned_at=None,
    ban_reason="",
    plan=Plan(name="monthly", expires_at="2026-12-01T00:00:00Z", max_sessions=2),
    totals=Totals(sessions=12, seconds=36_000, packets=10, bytes=5_000_000),
)


def test_a_list_has_a_row_for_each_and_hides_what_could_steer_a_terminal(
    tmp_path: Path, capsys: CaptureFixture[str]
) -> None:
    show_users(invocation_at(tmp_path), UserPage(users=[USER], total=3, limit=1, offset=0))
    shown = capsys.readouterr()
    assert "anna@example.org" in shown.out
    assert "10.0" in shown.out
    assert "\x1b" not in shown.out
    assert "More: --offset 1" in shown.err
    show_users(invocation_at(tmp_path), UserPage(users=[], total=0, limit=1, offset=0))
    assert capsys.readouterr().out == ""


def test_one_account_has_its_sign_ins(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    sign_in = UserSignIn(id="s1", device="laptop", created_at="2026-01-02T03:04:05Z", ended_at=None, ended_because=None)
    detail = UserDetail(
        user=USER, second_factor=True, api_tokens=1, payments=4, sessions_now=0, sign_ins=[sign_in], sessions=[]
    )
    show_user(invocation_at(tmp_path), detail)
    page = capsys.readouterr().out
    for text in ("monthly until 2026-12-01", "0 now, 12 in all, 10.0 h, 5 MB", "second factor: on", "laptop"):
        assert text in page, text


def test_a_change_says_what_ended(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    run = invocation_at(tmp_path)
    show_change(run, UserChange(user=USER, changed=True, dry_run=True, sign_ins_ended=2, sessions_ended=1))
    shown = capsys.readouterr()
    assert shown.out == "anna@example.org: player, not banned; 2 sign-ins end, 0 API tokens, 1 session\n"
    assert "dry run" in shown.err
    show_change(run, UserChange(user=USER, changed=False, dry_run=False))
    assert "nothing to change" in capsys.readouterr().err
