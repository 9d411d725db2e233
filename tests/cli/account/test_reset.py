"""`plg account reset`."""

import io

import pytest

from support.inside import Inside
from support.mailing_server import MailingServer


def test_the_code_of_the_email_sets_a_new_password_once(
    plg: Inside, mailing: MailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = mailing.sign_up("reset@example.org")
    plg("account", "forgot", "reset@example.org", PLG_SERVER=mailing.url)
    code = mailing.mail("reset@example.org", 2).code
    outcomes = []
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO("another good password\n"))
        outcomes.append(plg("account", "reset", code, "--password-stdin", PLG_SERVER=mailing.url).code)
    assert outcomes == [0, 8]
    assert plg("account", **environ).code == 4
    monkeypatch.setattr("sys.stdin", io.StringIO("another good password\n"))
    assert plg("login", "--email", "reset@example.org", "--password-stdin", PLG_SERVER=mailing.url).code == 0
