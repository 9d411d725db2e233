"""`plg account email` and `plg account undo`: to another address and back."""

import io

import pytest

from support.inside import Inside
from support.mailing_server import PASSWORD, MailingServer


def test_a_new_address_counts_with_its_code(
    plg: Inside, mailing: MailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = mailing.sign_up("email@example.org")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    sent = plg("account", "email", "email.new@example.org", "--password-stdin", "--json", **environ).document()
    assert (sent["schema"], sent["email"]) == ("plg.mail_sent/1", "email.new@example.org")
    assert "New address, waits for its code: email.new@example.org" in plg("account", **environ).out
    done = plg("account", "verify", mailing.mail("email.new@example.org").code, **environ)
    assert done.out.startswith("E-mail: email.new@example.org (confirmed)\n")


def test_a_wrong_password_and_no_address_are_refused(
    plg: Inside, mailing: MailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = mailing.sign_up("refused@example.org")
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong\n"))
    refused = plg("account", "email", "other@example.org", "--password-stdin", **environ)
    assert (refused.code, "the password is wrong" in refused.err) == (1, True)
    assert plg("account", "email", "nonsense", "--password-stdin", **environ).code == 2
