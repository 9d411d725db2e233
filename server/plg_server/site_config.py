"""What an operator may set about the public pages; `config` reads these keys beside its own. All of it may be missing.

Who runs the server stands in the rules, the offer and the privacy page; without a name these pages say that the operator has given none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

PROJECTS_LIMIT = 12


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A further project of the operator's: its name and its address."""

    name: str
    url: str


class SiteConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The public pages. None means that it is not said."""

    operator_name: str | None
    operator_contact: str | None
    operator_address: str | None
    source_url: str | None
    projects: list[str]
    releases_dir: str | None

    @property
    def own_projects(self) -> list[Project]:
        """`projects` with names and addresses apart."""
        return [project_of(text) for text in self.projects]

    @property
    def contact_link(self) -> str | None:
        """The contact as an address that a browser opens."""
        if self.operator_contact is None:
            return None
        return f"mailto:{self.operator_contact}" if "@" in self.operator_contact else self.operator_contact

    @property
    def releases_folder(self) -> Path | None:
        """Where the downloads lie."""
        return None if self.releases_dir is None else Path(self.releases_dir).expanduser().absolute()


@dataclass(frozen=True)
class SiteSetting:
    """One key: a text, or a list of texts."""

    default: str | list[str] | None
    allowed: str
    holds: Callable[[object], bool]
    secret: bool = False


def project_of(text: str) -> Project:
    """ "NAME = URL" apart. Raises ValueError."""
    name, equals, url = (part.strip() for part in text.partition("="))
    if not equals or not name or len(name) > 60 or not name.isprintable() or not is_web_address(url):
        raise ValueError(f"no project: {text!r}")
    return Project(name=name, url=url)


def is_web_address(value: object) -> bool:
    """An http or https address without a password in it, of at most 255 characters."""
    if not isinstance(value, str) or len(value) > 255 or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port_is_fine and not parts.username


def _text(longest: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and 1 <= len(value) <= longest and value.isprintable()


def _contact(value: object) -> bool:
    if not isinstance(value, str):
        return False
    name, at, host = value.partition("@")
    is_mailbox = bool(at and name and "." in host) and len(value) <= 254 and value.isprintable() and " " not in value
    return is_mailbox or is_web_address(value)


def _projects(value: object) -> bool:
    if not isinstance(value, list) or len(value) > PROJECTS_LIMIT:
        return False
    try:
        return all(isinstance(text, str) and project_of(text) is not None for text in value)
    except ValueError:
        return False


SITE_SETTINGS: dict[str, SiteSetting] = {
    "operator_name": SiteSetting(None, "who runs this server: 1 to 120 characters", _text(120)),
    "operator_contact": SiteSetting(None, "an e-mail address, or https://... where the operator answers", _contact),
    "operator_address": SiteSetting(None, "the operator's postal address or number of registration: 1 to 255 characters", _text(255)),
    "source_url": SiteSetting(None, "http(s)://... where this version's source code lies", is_web_address),
    "projects": SiteSetting([], f"at most {PROJECTS_LIMIT} texts NAME=https://..., shown as the operator's projects", _projects),
    "releases_dir": SiteSetting(None, "a folder of downloads with its signed index.json", _text(4096)),
}  # fmt: skip
