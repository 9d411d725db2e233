"""A server that sells plans, with a clock that a test moves on."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.services.money import to_minor
from plg_server.services.payment_facts import FactKind, PaymentFact
from support.api_driver import ApiDriver, StartServer


class MovingClock:
    """The true time and what a test put on top."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, **amount: float) -> None:
        """Let time pass: `forward(days=8)`. Negative amounts set the clock back."""
        self.ahead += timedelta(**amount)


@dataclass
class BillingWorld:
    """Made by `billing_world`."""

    api: ApiDriver
    clock: MovingClock

    async def player(self, email: str = "player@example.org") -> str:
        """A signed-in account's token."""
        return await self.api.signed_in(email)

    async def subscription(self, access: str) -> Any:
        """GET /v1/subscription, which must answer."""
        reply = await self.api.get("/v1/subscription", access)
        assert reply.status == 200, reply.text
        return reply.json

    async def account_id(self, access: str) -> str:
        """Whose token this is."""
        return str((await self.api.get("/v1/me", access)).json["id"])

    async def ends_at(self, account_id: str) -> datetime | None:
        """The end of the account's days."""
        with self.api.app[app_keys.DATABASE].active():
            return (await Account.get(id=account_id)).plan_expires_at


async def billing_world(start_server: StartServer, backend: dict[str, object], **settings: Any) -> BillingWorld:
    """A server with billing on and rate limits off, unless the settings say otherwise."""
    clock = MovingClock()
    api = await start_server(clock=clock, **{"billing": "on", "rate_limits_on": False, **backend, **settings})
    return BillingWorld(api, clock)


async def begun(
    world: BillingWorld, access: str, plan: str = "monthly", provider: str = "donatepay", **more: Any
) -> Any:
    """A checkout that must be given."""
    reply = await world.api.post("/v1/payments/checkout", {"plan": plan, "provider": provider, **more}, access)
    assert reply.status == 201, reply.text
    return reply.json


def paid(checkout: Any, external_id: str = "1", **changes: Any) -> PaymentFact:
    """The provider says that this checkout was paid, exactly and in time, unless the changes say otherwise."""
    fact = PaymentFact(
        provider=checkout["provider"],
        external_id=external_id,
        kind=FactKind.PAID,
        amount_minor=to_minor(checkout["amount"]),
        currency=checkout["currency"],
        at=utc_now(),
        comment=f"for me {checkout['code']}",
    )
    return replace(fact, **changes)


DONATEPAY = {
    "donatepay_key": "donatepay-key",
    "donatepay_page": "https://donate.example.org/plg?message={code}&amount={amount}",
    # Nobody listens there: tests that poll say where.
    "donatepay_api": "http://127.0.0.1:9/api/v1",
    "donatepay_webhook_secret": "a secret of ours",
}
