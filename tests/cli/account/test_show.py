"""`plg account` and `plg account show`."""

from support.inside import Inside
from support.mailing_server import MailingServer


def test_it_shows_the_address_and_what_is_to_do(plg: Inside, mailing: MailingServer) -> None:
    environ = mailing.sign_up("show@example.org")
    shown = plg("account", **environ)
    assert (shown.code, shown.out) == (0, "E-mail: show@example.org (not confirmed)\nLanguage of e-mails: en\n")
    assert "plg account verify" in shown.err
    document = plg("account", "show", "--json", **environ).document()
    assert document["schema"] == "plg.account_settings/1"
    assert document["settings"]["email_verified"] is False
    assert "Адрес: show@example.org (не подтверждён)" in plg("account", "--lang", "ru", **environ).out
