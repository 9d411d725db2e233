"""An e-mail from its kind, language and facts: plain text and a simple page of the same words.

Facts come from outside (a device's name, an address), so each is one printable line: it cannot end a header, begin a paragraph or pass
for one of the links, which are the only ones that the page makes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from plg_server.services.mail_kinds import MailKind, MailLanguage

_LOCAL_PART = re.compile(r"[^@\s\x00-\x1f\x7f<>()\[\]:;,\\\"]{1,64}")
_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


class Undeliverable(ValueError):
    """No e-mail can go to this address; the text holds no part of it."""


@dataclass(frozen=True)
class Letter:
    """What an e-mail says; `paragraphs` are the text's."""

    subject: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The plain form."""
        return "\n\n".join(self.paragraphs) + "\n"


@dataclass(frozen=True)
class _Part:
    text: str
    is_link: bool
    is_code: bool


def deliverable_address(address: str) -> Address:
    """The address as a header takes it, its domain in the form of the DNS (RFC 5891). Raises Undeliverable."""
    local, at, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise Undeliverable("the domain is none") from None
    if (
        not at
        or not _LOCAL_PART.fullmatch(local)
        or not local.isprintable()
        or local[0] == "."
        or local[-1] == "."
        or ".." in local
    ):
        raise Undeliverable("the part before the @ is none")  # fmt: skip
    if len(ascii_domain) > 190 or not _DOMAIN.fullmatch(ascii_domain):
        raise Undeliverable("the domain is none")
    return Address(username=local, domain=ascii_domain)


def write(kind: MailKind, language: MailLanguage, facts: Mapping[str, str], service: str) -> Letter:
    """The words of an e-mail. Raises jinja2.UndefinedError when a fact is missing: a fault of ours."""
    values = {name: one_line(fact) for name, fact in facts.items()} | {"service": one_line(service)}
    lines = _texts().get_template(f"{kind}.{language}.txt").render(values).strip().split("\n", 1)
    body = [" ".join(part.split()) for part in re.split(r"\n\s*\n", lines[1])]
    return Letter(subject=lines[0].strip(), paragraphs=tuple(part for part in body if part))


def compose(
    letter: Letter, language: MailLanguage, facts: Mapping[str, str], *, to: str, sender: str, mail_id: str, now: datetime
) -> EmailMessage:  # fmt: skip
    """The message with its headers. `sender` is `mail_from`; copies of one e-mail have one Message-ID. Raises Undeliverable."""
    name, own_address = parseaddr(sender)
    recipient = deliverable_address(to)
    own_domain = own_address.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=one_line(name), addr_spec=own_address)
    message["To"] = recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail_id}@{own_domain}>"
    # RFC 3834: nobody's holiday should answer.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(page_of(letter, language, facts), subtype="html", cte="quoted-printable")
    # Last: whatever begins with Content- goes to the first part otherwise.
    message["Content-Language"] = language.value
    return message


def page_of(letter: Letter, language: MailLanguage, facts: Mapping[str, str]) -> str:
    """The same words as a page without anything from elsewhere."""
    link, code = (one_line(facts.get(name, "")) for name in ("link", "code"))
    parts = [_Part(text, bool(link) and text == link, bool(code) and text == code) for text in letter.paragraphs]
    return _pages().get_template("page.html").render(language=language.value, subject=letter.subject, parts=parts)


def service_name(sender: str, public_url: str | None) -> str:
    """What e-mails call this server: the name in `mail_from`, else the host that players know."""
    name, address = parseaddr(sender)
    host = (public_url or "").partition("://")[2].partition("/")[0]
    return name or host or address.rpartition("@")[2]


def when(moment: datetime) -> str:
    """A time in an e-mail, the same in both languages."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def one_line(text: str) -> str:
    """Printable characters on one line."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


@cache
def _texts() -> Environment:
    return Environment(loader=_loader(), undefined=StrictUndefined, autoescape=False)  # noqa: S701 - plain text


@cache
def _pages() -> Environment:
    return Environment(loader=_loader(), undefined=StrictUndefined, autoescape=True)


def _loader() -> PackageLoader:
    return PackageLoader("plg_server.mail", "templates")
