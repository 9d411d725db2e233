"""`plg account language`."""

from support.inside import Inside
from support.mailing_server import MailingServer


def test_the_language_of_emails_is_chosen_and_others_are_refused(plg: Inside, mailing: MailingServer) -> None:
    environ = mailing.sign_up("language@example.org")
    assert plg("account", "language", "ru", "--json", **environ).document()["settings"]["language"] == "ru"
    assert plg("account", "language", "xx", **environ).code == 2
