"""A server with one of everything that pages show, and browsers of every role signed in to it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from plg.contract.billing import CheckoutRequest
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.models.codes import Code
from plg_server.models.sessions import Session
from plg_server.pages.form_origin import FIELD
from plg_server.pages.page import Page
from plg_server.pages.visitor import SESSION_COOKIE
from plg_server.services.ledger import settle
from plg_server.services.money import to_minor
from plg_server.services.payment_facts import FactKind, PaymentFact
from support.api_driver import ApiDriver
from support.billing_world import DONATEPAY
from support.callers import Caller, signed_in_as
from support.member_relay import MemberRelay, enrolled_relay
from support.operated_server import migrated_folder
from support.payment_signers import ROBOKASSA
from support.shared_server import shared_server
from support.struct_examples import example

ROLES = ("anonymous", "player", "support", "admin")
HERE = "198.51.100.7"

SETTINGS: dict[str, object] = {
    "billing": "on",
    "telegram_bot_name": "plg_test_bot",
    # Nobody listens there: e-mails wait in the outbox.
    "mail_url": "smtp://127.0.0.1:9?starttls=off",
    "mail_from": "PLG test <noreply@plg.example.org>",
    **DONATEPAY,
    **ROBOKASSA,
}


@dataclass
class Person:
    """Somebody with a browser."""

    role: str
    caller: Caller | None = None
    token: str = ""
    names: dict[str, str] = field(default_factory=dict)
    """What addresses with a name in them show this person."""

    @property
    def headers(self) -> dict[str, str]:
        """What the browser sends with each request."""
        cookie = {"Cookie": f"{SESSION_COOKIE}={self.token}"} if self.token else {}
        return {"Accept": "text/html", **cookie}


@dataclass
class SiteWorld:
    """Made by `site_world`."""

    api: ApiDriver
    relay: MemberRelay
    people: dict[str, Person] = field(default_factory=dict)

    def address(self, page: Page, person: Person, language: str) -> str:
        """The page about things that this person may see."""
        return f"/{language}{page.url.format(**path_names(page.path, person.names))}"

    def form_token(self, person: Person) -> str:
        """What this person's forms carry."""
        return self.api.app[app_keys.FORM_TOKENS].token(person.token)

    async def person(self, role: str) -> Person:
        """A new account with this role, signed in, with one of everything of its own."""
        if role == "anonymous":
            return Person(role, names=dict(self.people["admin"].names) if "admin" in self.people else {})
        caller = await signed_in_as(self.api, role)
        names = await self._own_things(caller)
        return Person(role, caller, await self.browser(caller.account_id), names)

    async def browser(self, account_id: str) -> str:
        """The cookie of one more browser of this account."""
        with self.api.app[app_keys.DATABASE].active():
            account = await Account.get(id=account_id)
            return await self.api.app[app_keys.BROWSER_SESSIONS].begin(account, "Firefox on Linux", HERE)

    async def _own_things(self, caller: Caller) -> dict[str, str]:
        access, api = caller.access_token, self.api
        await api.post("/v1/subscription/trial", token=access)
        await self.relay.beat()  # one that is silent for long is passed over
        session = await api.post("/v1/sessions", {"game": "cs2"}, access)
        token = await api.post("/v1/me/tokens", {"name": "script", "scopes": ["read"]}, access)
        devices = await api.get("/v1/me/devices", access)
        payment_id, checkout_id = await self._paid(caller.account_id)
        return {
            "session_id": session.json["session_id"],
            "token_id": token.json["api_token"]["id"],
            "device_id": devices.json["devices"][0]["id"],
            "payment_id": payment_id,
            "checkout_id": checkout_id,
            "checkout": checkout_id,
            "node_id": self.relay.identity.node_id,
            "user_id": caller.account_id,
            "account_id": caller.account_id,
            "account": caller.account_id,
            "name": "monthly",
            "plan": "monthly",
            "slug": "cs2",
            "game": "cs2",
            "provider": "donatepay",
        }

    async def _paid(self, account_id: str) -> tuple[str, str]:
        """One payment that counted, one that fits nobody; one checkout that waits."""
        app = self.api.app
        with app[app_keys.DATABASE].active():
            request = CheckoutRequest(plan="monthly", provider="donatepay")
            done = await app[app_keys.CHECKOUTS].start(account_id, request)
            for comment, number in ((done.code, 1), ("thank you", 2)):
                fact = PaymentFact(
                    provider="donatepay",
                    external_id=f"{account_id}-{number}",
                    kind=FactKind.PAID,
                    amount_minor=to_minor(done.amount),
                    currency=done.currency,
                    at=app[app_keys.CLOCK]() + timedelta(seconds=1),
                    comment=comment,
                )
                await settle(fact, app[app_keys.CLOCK]())
            waiting = await app[app_keys.CHECKOUTS].start(account_id, request)
        admin = await signed_in_as(self.api, "admin")
        payments = await self.api.get(f"/v1/admin/payments?account={account_id}", admin.access_token)
        found = [one["id"] for one in payments.json["payments"]]
        return found[0], waiting.id


def path_names(kind: type[Request] | None, names: Mapping[str, str]) -> dict[str, str]:
    """A value for each name of an address."""
    return {} if kind is None else {name: str(value) for name, value in example(kind, names).items()}


@asynccontextmanager
async def site_world(folder: Path, settings: Mapping[str, object] | None = None) -> AsyncIterator[SiteWorld]:
    """Serves until the block ends."""
    data = folder / "data"
    data.mkdir(parents=True)
    empty = await asyncio.to_thread(migrated_folder)  # it has a loop of its own
    shutil.copy(Path(empty.name) / "server.sqlite3", data)
    async with shared_server(data, {**SETTINGS, **(settings or {})}) as api:
        relay = await enrolled_relay(api)
        world = SiteWorld(api, relay)
        for role in reversed(ROLES):
            world.people[role] = await world.person(role)
        await _operators_things(world)
        yield world


async def _operators_things(world: SiteWorld) -> None:
    admin = world.people["admin"]
    assert admin.caller is not None
    access = admin.caller.access_token
    gift = await world.api.post("/v1/admin/codes", {"kind": "gift", "days": 3}, access)
    assert gift.status < 300, gift.text
    incident = await world.api.post("/v1/admin/incidents", {"title": "Slow", "text": "We look into it."}, access)
    with world.api.app[app_keys.DATABASE].active():
        code = await Code.all().order_by("-created_at").first()
        await Session.all().limit(1)
    assert code is not None
    for person in world.people.values():
        person.names |= {"code_id": code.id, "code": code.id, "incident_id": incident.json["id"]}


def csrf_fields(world: SiteWorld, person: Person) -> dict[str, str]:
    """The hidden field of this person's forms."""
    return {FIELD: world.form_token(person)}
