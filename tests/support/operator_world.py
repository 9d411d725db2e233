"""A server that sells plans, with somebody of each role, for tests of what operators do about money."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.audit import AuditEntry
from plg_server.services.audit import Actor
from plg_server.services.ledger import settle
from support.api_driver import StartServer
from support.billing_world import DONATEPAY, BillingWorld, MovingClock, begun, billing_world, paid
from support.callers import signed_in_as

ACTOR = Actor(account_id="0" * 16, role="admin", via="sign_in", request_id="r-1", address="127.0.0.1")
"""Whose acts the tests of services are."""


@dataclass
class OperatorWorld:
    """Made by `operator_world`."""

    billing: BillingWorld
    admin: str
    support: str

    @property
    def clock(self) -> MovingClock:
        """The server's clock."""
        return self.billing.clock

    @property
    def active(self) -> Any:
        """The database, for code of the test's own."""
        return self.billing.api.app[app_keys.DATABASE].active()

    async def player(self) -> tuple[str, str]:
        """A player's id and token."""
        caller = await signed_in_as(self.billing.api)
        return caller.account_id, caller.access_token

    async def buyer(self, external_id: str = "1", **changes: Any) -> tuple[str, str]:
        """A player who paid for a month, or tried to, with these changes to what the provider says."""
        account_id, access = await self.player()
        await self.pay(access, external_id, **changes)
        return account_id, access

    async def pay(self, access: str, external_id: str = "1", *, plan: str = "monthly", **changes: Any) -> Any:
        """A month, paid now by the server's clock; gives the checkout."""
        checkout = await begun(self.billing, access, plan)
        with self.active:
            await settle(paid(checkout, external_id, **{"at": self.clock(), **changes}), self.clock())
        return checkout

    async def ask(self, method: str, url: str, token: str, body: Any = None, *, status: int = 200) -> Any:
        """A request that must be answered so."""
        reply = await self.billing.api.call(method, url, token, json=body)
        assert reply.status == status, f"{method} {url}: {reply.status} {reply.text}"
        return reply.json

    async def acts(self) -> list[str]:
        """What the audit log holds, oldest first."""
        with self.active:
            rows = await AuditEntry.all().order_by("at", "id")
        return [f"{row.act} {row.subject}" for row in rows]


async def operator_world(
    start_server: StartServer, backend: dict[str, object] | None = None, **settings: Any
) -> OperatorWorld:
    """Billing on, DonatePay as the way to pay."""
    world = await billing_world(start_server, backend or {}, **{**DONATEPAY, **settings})
    admin, support = [(await signed_in_as(world.api, role)).access_token for role in ("admin", "support")]
    return OperatorWorld(world, admin, support)


async def bare_account(email: str, *, plan: str | None = None, ends_at: datetime | None = None) -> str:
    """An account's row with these plan columns; gives its id. Needs an active database."""
    row = await Account.create(
        id=new_id(),
        email=email,
        display_name="p",
        password_hash="none",
        created_at=utc_now(),
        plan_name=plan,
        plan_expires_at=ends_at,
        plan_max_sessions=None if plan is None else 2,
    )
    return row.id
