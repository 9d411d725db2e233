"""A walk over every page of the server by every kind of visitor in both languages; tests look at what was seen."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from structlog.testing import capture_logs
from tortoise.models import Model

from plg_server import app_keys
from plg_server.ids import new_id
from plg_server.models.account_safety import ApiToken
from plg_server.models.accounts import Account, SignIn
from plg_server.models.audit import AuditEntry
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.codes import Code
from plg_server.models.nodes import EnrolmentToken, Node
from plg_server.models.payments import Payment
from plg_server.models.sessions import Session
from plg_server.models.status import Incident, IncidentUpdate
from plg_server.pages.all_pages import all_pages
from plg_server.pages.language import LANGUAGES
from plg_server.pages.page import Page
from support.site_html import PageParts, parts_of
from support.site_world import ROLES, Person, SiteWorld

HOSTILE_TEXTS: dict[type[Model], tuple[str, ...]] = {
    Account: ("display_name", "ban_reason"),
    SignIn: ("device",),
    ApiToken: ("name",),
    SubscriptionGrant: ("note",),
    Code: ("label",),
    EnrolmentToken: ("name", "city"),
    Node: ("name", "city", "version", "region"),
    Payment: ("comment", "external_id"),
    Session: ("target", "client_version", "ended_because", "chosen_because", "degraded_because"),
    Incident: ("title", "title_ru"),
    IncidentUpdate: ("text", "text_ru"),
}
"""Columns whose text somebody outside chose."""

UNIQUE = {(Payment, "external_id"), (Account, "email"), (Node, "name")}


@dataclass
class Seen:
    """One answer to one visitor."""

    page: Page | None
    url: str
    person: Person
    language: str
    status: int
    headers: dict[str, str]
    html: str

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.url} ({self.person.role}): {self.status}"

    @property
    def is_page(self) -> bool:
        """HTML that a person sees."""
        return bool(self.html) and self.headers.get("Content-Type", "").startswith("text/html")

    @cached_property
    def parts(self) -> PageParts:
        """Taken apart."""
        return parts_of(self.html)

    @property
    def links(self) -> Iterator[str]:
        """Addresses of ours that this page leads to, without fragments."""
        for link in self.parts.links:
            parts = urlsplit(urljoin(self.url, link))
            if not parts.scheme and not parts.netloc:
                yield f"{parts.path}?{parts.query}" if parts.query else parts.path


@dataclass
class Walk:
    """What was seen on one way over all pages."""

    seen: list[Seen] = field(default_factory=list)
    followed: dict[tuple[str, str], int] = field(default_factory=dict)
    """The status of every link, by who follows it."""
    logs: list[Any] = field(default_factory=list)

    @property
    def pages(self) -> list[Seen]:
        """Answers that are HTML."""
        return [one for one in self.seen if one.is_page]

    @property
    def faults(self) -> list[str]:
        """What the server itself calls a fault."""
        return [f"{one.get('exc_info')!r}" for one in self.logs if one["event"] == "unforeseen"]


async def see(world: SiteWorld, person: Person, url: str, language: str, page: Page | None = None) -> Seen:
    """Open an address without following where it leads."""
    async with world.api.client.get(url, headers=person.headers, allow_redirects=False) as reply:
        body = await reply.read()
        is_html = reply.content_type == "text/html"
        html = body.decode() if is_html else ""
        return Seen(page, url, person, language, reply.status, dict(reply.headers), html)


async def walk(world: SiteWorld, roles: Sequence[str] = ROLES, languages: Sequence[str] = LANGUAGES) -> Walk:
    """Every page that is read by GET, as everybody, in both languages."""
    found = Walk()
    with capture_logs() as found.logs:
        for page in all_pages():
            if page.method == "GET":
                for person in (world.people[role] for role in roles):
                    for language in languages:
                        url = world.address(page, person, language)
                        found.seen.append(await see(world, person, url, language, page))
    return found


async def follow_links(world: SiteWorld, found: Walk) -> None:
    """Open what the pages lead to, as the visitor with the fewest rights who was shown it; and what they fetch."""
    known = {(one.person.role, one.url): one.status for one in found.seen}
    shown = {
        link: one
        for one in sorted(found.pages, key=lambda one: -ROLES.index(one.person.role))
        for link in (one.links if one.status == 200 else ())
        if not link.startswith("/static/")
    }
    for link, one in shown.items():
        key = (one.person.role, link)
        found.followed[key] = known[key] if key in known else (await see(world, one.person, link, one.language)).status
    for address in {address.partition("#")[0] for one in found.pages for address in one.parts.fetched}:
        if not urlsplit(address).netloc and not address.startswith("data:"):
            async with world.api.client.get(address) as reply:
                found.followed["fetched", address] = reply.status


async def make_hostile(world: SiteWorld, text: str) -> None:
    """Everything that somebody outside may have named is called `text` from now on."""
    with world.api.app[app_keys.DATABASE].active():
        for model, columns in HOSTILE_TEXTS.items():
            for column in columns:
                limit = getattr(model._meta.fields_map[column], "max_length", None)
                if (model, column) not in UNIQUE:
                    await model.all().update(**{column: text[:limit]})
                    continue
                for number, row in enumerate(await model.all().order_by("id")):
                    await model.filter(id=row.pk).update(**{column: f"{number}{text}"[:limit]})
        # What is there cannot be changed, so there is one entry more.
        await AuditEntry.create(
            id=new_id(),
            at=world.api.app[app_keys.CLOCK](),
            actor_id=text[:32],
            actor_role=text[:32],
            via=text[:64],
            act="user_banned",
            subject=text[:128],
            details=json.dumps({"reason": text, text[:60]: text}, ensure_ascii=False),
            request_id=text[:64],
            address=text[:64],
        )
        for number, account in enumerate(await Account.all().order_by("id")):
            name = re.sub(r"[@\s]", "", text)[:200]
            await Account.filter(id=account.id).update(email=f"{number}{name}@example.org".lower())
