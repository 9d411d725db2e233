"""A server that sells plans, with a clock that a test moves on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
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
