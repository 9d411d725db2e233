"""`plg account password`."""

import io

import pytest

from support.inside import Inside
from support.mailing_server import PASSWORD, MailingServer


def test_both_passwords_come_from_standard_input_in_a_script(
    plg: Inside, mailing: MailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = mailing.sign_up("password@example.org")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\nanother good password\n"))
    done = plg("account", "password", "--password-stdin", "--json", **environ)
    assert done.document() == {"schema": "plg.account_done/1", "done": "password"}
    monkeypatch.setattr("sys.stdin", io.StringIO("another good password\n"))
    assert plg("login", "--email", "password@example.org", "--password-stdin", PLG_SERVER=mailing.url).code == 0


@pytest.mark.parametrize(("lines", "code"), [("", 2), (f"{PASSWORD}\n", 2), (f"{PASSWORD}\nshort\n", 2), ("wrong\nanother good password\n", 1)])  # fmt: skip
def test_what_is_missing_too_short_or_wrong_changes_nothing(
    plg: Inside, mailing: MailingServer, monkeypatch: pytest.MonkeyPatch, lines: str, code: int
) -> None:
    environ = mailing.sign_up(f"p{abs(hash(lines))}@example.org")
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert plg("account", "password", "--password-stdin", **environ).code == code


def test_no_option_takes_a_password(plg: Inside) -> None:
    assert plg("account", "password", "--password", "x").code == 2
