"""Codes in lines. Whole commands: test_codes.py."""

from pathlib import Path

import pytest

from plg.cli.admin.codes_view import gives, refused_wish, show_codes, show_referrals
from plg.contract.admin_codes import AdminCode, CodePage, ReferralPage, ReferrerRow
from support.inside import invocation_at


def code(percent: int, days: int) -> AdminCode:
    return AdminCode(
        id="0123456789abcdef", kind="promo", label="", batch="", state="open", percent=percent, days=days,
        plan="monthly", used=0, uses_left=None, uses_per_account=1, created_at="2026-01-01T00:00:00Z", expires_at=None,
        stopped_at=None,
    )  # fmt: skip


def test_what_a_code_gives() -> None:
    assert [gives(code(20, 0)), gives(code(0, 1)), gives(code(5, 3))] == [
        "20 %",
        "1 day (monthly)",
        "5 %, 3 days (monthly)",
    ]


def test_a_code_without_a_limit_says_so_and_an_empty_list_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = invocation_at(tmp_path)
    show_codes(run, CodePage(codes=[code(20, 0)], total=1, limit=50, offset=0))
    assert "no limit" in capsys.readouterr().out
    show_codes(run, CodePage(codes=[], total=0, limit=50, offset=0))
    assert "No code fits." in capsys.readouterr().err


def test_who_brought_whom(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = ReferrerRow(account_id="1", email="p@example.org", invited=3, paid=1, days_earned=7)
    page = ReferralPage(referrers=[row], invited=3, paid=1, total=1, limit=50, offset=0)
    show_referrals(invocation_at(tmp_path), page)
    assert capsys.readouterr().out.splitlines()[2].split() == ["p@example.org", "3", "1", "7", "1"]


def test_a_wish_that_cannot_be_is_a_usage_error() -> None:
    assert refused_wish("too many").exit_code == 2
