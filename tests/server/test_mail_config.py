"""What an operator may set about e-mail."""

from pathlib import Path

import pytest

from plg_server.config import ConfigError, load_config, shown_config
from plg_server.mail_config import SmtpPlace, smtp_place


def test_a_url_names_the_mail_server_and_encryption_is_the_default() -> None:
    assert smtp_place("smtp://u%40x:p%2Fw@mail.example.org") == SmtpPlace(
        "mail.example.org", 587, "u@x", "p/w", "starttls", None
    )
    assert smtp_place("smtps://u:p@mail.example.org") == SmtpPlace("mail.example.org", 465, "u", "p", "tls", None)
    assert smtp_place("smtp://127.0.0.1:25?starttls=off").security == "none"
    assert smtp_place("smtp://mail.example.org?ca=/etc/mail.pem").ca_file == Path("/etc/mail.pem")


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org/path",
        "smtp://mail.example.org?starttls=maybe",
        "smtp://mail.example.org?tls=off",
        "smtp://mail.example.org?starttls",
        "smtps://mail.example.org?starttls=off",
        "smtp://user@mail.example.org",
        "smtp://user:password@mail.example.org?starttls=off",
        "smtp://mail.example.org:99999",
        "smtp://mail.example.org\nX: y",
    ],
)
def test_what_is_no_mail_server_or_would_tell_the_password_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match="mail_url") as refusal:
        load_config(None, {}, {"mail_url": url, "mail_from": "a@example.org"})
    assert "password" not in str(refusal.value).partition("must be")[0]


@pytest.mark.parametrize("sender", ["nobody", "a@b@c", "a@example.org\nBcc: b@example.org", "A <a b@example.org>"])
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    with pytest.raises(ConfigError, match="mail_from"):
        load_config(None, {}, {"mail_url": "smtp://mail.example.org", "mail_from": sender})


def test_half_of_it_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="mail_from is missing"):
        load_config(None, {}, {"mail_url": "smtp://mail.example.org"})
    with pytest.raises(ConfigError, match="mail_url is missing"):
        load_config(None, {}, {"require_verified_email": "on"})


def test_nothing_is_sent_unless_it_is_set_up() -> None:
    config = load_config(None, {}, {})
    assert (config.mail.on, config.mail.verification_needed) == (False, False)


def test_the_shown_configuration_hides_the_password() -> None:
    given = {"mail_url": "smtp://user:secret@mail.example.org", "mail_from": "PLG <a@example.org>"}
    shown = shown_config(load_config(None, {}, given))
    assert shown["mail_url"] == "smtp://user:***@mail.example.org"
    assert (shown["mail_from"], shown["require_verified_email"]) == ("PLG <a@example.org>", "off")
