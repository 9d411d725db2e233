"""`plg account forgot`."""

from support.inside import Inside
from support.mailing_server import MailingServer


def test_known_and_unknown_addresses_read_the_same(plg: Inside, mailing: MailingServer) -> None:
    mailing.sign_up("forgot@example.org")
    known = plg("account", "forgot", "forgot@example.org", PLG_SERVER=mailing.url)
    unknown = plg("account", "forgot", "nobody@example.org", PLG_SERVER=mailing.url)
    assert (known.code, known.err) == (unknown.code, unknown.err)
    assert known.out.replace("forgot@", "nobody@") == unknown.out
    assert mailing.mail("forgot@example.org", 2).message["Subject"] == "Choose a new password"


def test_without_an_address_and_a_terminal_it_says_what_to_give(plg: Inside) -> None:
    done = plg("account", "forgot", "--no-input", PLG_SERVER="http://127.0.0.1:9")
    assert (done.code, "give EMAIL" in done.err) == (2, True)
