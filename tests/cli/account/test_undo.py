"""`plg account undo`."""

import io

import pytest

from support.inside import Inside
from support.mailing_server import PASSWORD, MailingServer


def test_the_old_address_comes_back_and_every_login_ends(
    plg: Inside, mailing: MailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = mailing.sign_up("undo@example.org")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    plg("account", "email", "undo.new@example.org", "--password-stdin", **environ)
    assert plg("account", "verify", mailing.mail("undo.new@example.org").code, **environ).code == 0
    code = mailing.mail("undo@example.org", 2).code
    done = plg("account", "undo", code, PLG_SERVER=mailing.url)
    assert (done.code, done.out) == (0, "The old address is back; every login has ended.\n")
    assert plg("account", **environ).code == 4
    assert plg("account", "undo", code, PLG_SERVER=mailing.url).code == 8
