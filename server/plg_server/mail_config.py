"""What an operator may set about e-mail; `config` reads these keys beside its own. Without `mail_url` the server sends none."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

SMTP_PORT = 587
"""Message submission (RFC 6409)."""

SMTPS_PORT = 465
"""Message submission over TLS from the first byte (RFC 8314, 7.3)."""

NEAR_HOSTS = ("127.0.0.1", "::1", "localhost")

_SENDER = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")


class MailConfig(msgspec.Struct, frozen=True, kw_only=True):
    """E-mail. `mail_url` of None means that none is sent, and what needs e-mail says so."""

    mail_url: str | None
    mail_from: str | None
    require_verified_email: str

    @property
    def on(self) -> bool:
        """Whether e-mails are sent."""
        return self.mail_url is not None

    @property
    def verification_needed(self) -> bool:
        """Whether an account must show that its address is its own before it plays."""
        return self.require_verified_email == "on"


@dataclass(frozen=True)
class SmtpPlace:
    """A mail server as its URL names it. `security` is "starttls", "tls" or "none"."""

    host: str
    port: int
    user: str | None
    password: str | None
    security: str
    ca_file: Path | None


@dataclass(frozen=True)
class MailSetting:
    """One key; all are texts."""

    default: str | None
    allowed: str
    holds: Callable[[object], bool]
    secret: bool = False


def smtp_place(url: str) -> SmtpPlace:
    """Read `smtp://[USER:PASSWORD@]HOST[:PORT][?starttls=off][&ca=FILE]` or `smtps://...`. Raises ValueError."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise ValueError("no URL of a mail server")
    if options.keys() - {"starttls", "ca"} or options.get("starttls", "required") not in ("required", "off"):
        raise ValueError("unknown option")
    is_tls = parts.scheme == "smtps"
    if is_tls and "starttls" in options:
        raise ValueError("smtps:// is encrypted from the start")
    security = "tls" if is_tls else "none" if options.get("starttls") == "off" else "starttls"
    if (parts.username is None) != (parts.password is None):
        raise ValueError("a user and a password, or neither")
    if security == "none" and parts.username is not None and parts.hostname not in NEAR_HOSTS:
        raise ValueError("a password does not go unencrypted to another machine")
    return SmtpPlace(
        host=parts.hostname,
        port=parts.port or (SMTPS_PORT if is_tls else SMTP_PORT),
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        security=security,
        ca_file=Path(options["ca"]) if options.get("ca") else None,
    )


def _mail_url(value: object) -> bool:
    try:
        smtp_place(str(value))
    except ValueError:
        return False
    return isinstance(value, str) and len(value) <= 1024 and value.isprintable()


def _mail_from(value: object) -> bool:
    if not isinstance(value, str) or len(value) > 255 or not value.isprintable():
        return False
    _name, address = parseaddr(value)
    return _SENDER.fullmatch(address) is not None


def _one_of(*names: str) -> Callable[[object], bool]:
    return lambda value: value in names


MAIL_SETTINGS: dict[str, MailSetting] = {
    "mail_url": MailSetting(
        None,
        "smtp://USER:PASSWORD@HOST:PORT (STARTTLS is required unless ?starttls=off; ?ca=FILE names a certificate "
        "authority) or smtps://...; a password goes unencrypted to this machine only",
        _mail_url,
        secret=True,
    ),
    "mail_from": MailSetting(None, "an address, or NAME <ADDRESS>", _mail_from),
    "require_verified_email": MailSetting("off", "off or on (an account plays once its address is verified)", _one_of("off", "on")),
}  # fmt: skip


def missing_mail_setting(values: Mapping[str, object]) -> str | None:
    """One line about e-mail that is set up by half, or None."""
    if values["mail_url"] is not None and values["mail_from"] is None:
        return "mail_from is missing: mail_url needs it"
    if values["require_verified_email"] == "on" and values["mail_url"] is None:
        return "mail_url is missing: require_verified_email needs it"
    return None
