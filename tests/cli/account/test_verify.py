"""`plg account verify`."""

import pytest

from plg.cli.account import mail_talk
from plg.cli.talk import Talk
from support.inside import Inside
from support.mailing_server import MailingServer


def test_a_code_from_the_email_confirms_the_address_and_no_other_does(plg: Inside, mailing: MailingServer) -> None:
    environ = mailing.sign_up("verify@example.org")
    wrong = plg("account", "verify", "AAAA-AAAA", **environ)
    assert (wrong.code, "no such code" in wrong.err) == (8, True)
    right = plg("account", "verify", mailing.mail("verify@example.org").code.lower(), "--json", **environ)
    assert right.document()["settings"]["email_verified"] is True
    done = plg("account", "verify", **environ)
    assert (done.code, "confirmed already" in done.err) == (1, True)


def test_asking_again_at_once_says_when_to_come_back(plg: Inside, mailing: MailingServer) -> None:
    environ = mailing.sign_up("again@example.org")
    mailing.mail("again@example.org")
    again = plg("account", "verify", "--json", **environ)
    assert (again.code, again.error()["code"]) == (1, "rate_limited")


def test_on_a_terminal_the_code_is_asked_for_although_one_was_sent_a_moment_ago(
    plg: Inside, mailing: MailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = mailing.sign_up("asked@example.org")
    code = mailing.mail("asked@example.org").code
    monkeypatch.setattr(mail_talk, "can_ask", lambda _run: True)
    monkeypatch.setattr(Talk, "ask", lambda _self, _question, *, instead: code)
    done = plg("account", "verify", **environ)
    assert (done.code, "asked@example.org (confirmed)" in done.out) == (0, True)
