"""`plg account language`."""

import io

import pytest

from support.inside import Inside
from support.mailing_server import PASSWORD, MailingServer


def test_the_language_of_emails_is_chosen_and_others_are_refused(plg: Inside, mailing: MailingServer) -> None:
    environ = mailing.sign_up("language@example.org")
    assert plg("account", "language", "ru", "--json", **environ).document()["settings"]["language"] == "ru"
    assert plg("account", "language", "xx", **environ).code == 2


def test_a_new_account_gets_its_emails_in_the_language_of_the_command(
    plg: Inside, mailing: MailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    done = plg(
        "register", "--email", "ru@example.org", "--password-stdin", "--lang", "ru", PLG_SERVER=mailing.url, PLG_TOKEN_STORE="file"
    )  # fmt: skip
    assert done.code == 0, done.err
    assert mailing.mail("ru@example.org").message["Subject"] == "Это ваш адрес?"
