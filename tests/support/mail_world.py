"""A server that sends e-mail into a sink, with a clock that a test moves on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.api_driver import PASSWORD, ApiDriver, Reply
from support.billing_world import MovingClock
from support.shared_server import shared_server
from support.smtp_sink import Received, SmtpSink, smtp_sink

WAIT_S = 20.0
"""Generous: the machine is slow at times."""

TICK_S = 0.05


@dataclass
class MailWorld:
    """Made by `mail_world`."""

    api: ApiDriver
    sink: SmtpSink
    clock: MovingClock

    async def mail(self, address: str, number: int = 1) -> Received:
        """The e-mail of this number to the address, as soon as it is there."""
        async with asyncio.timeout(WAIT_S):
            while len(self.sink.to(address)) < number:  # noqa: ASYNC110 - the sink is a thread
                await asyncio.sleep(TICK_S / 2)
        return self.sink.to(address)[number - 1]

    async def player(self, email: str, **more: Any) -> str:
        """An account whose first e-mail has arrived; its access token."""
        body = {"email": email, "password": PASSWORD, **more}
        reply = await self.api.post("/v1/auth/register", body)
        assert reply.status == 201, reply.text
        await self.mail(email)
        return str((await self.api.login(email))["access_token"])

    async def settings(self, access: str) -> Any:
        """GET /v1/me/settings, which must answer."""
        reply = await self.api.get("/v1/me/settings", access)
        assert reply.status == 200, reply.text
        return reply.json

    async def verify(self, access: str, code: str) -> Reply:
        """Take a code."""
        return await self.api.post("/v1/me/email/verify", {"code": code}, access)

    async def change_email(self, access: str, new_email: str, password: str = PASSWORD) -> Reply:
        """Ask for another address."""
        return await self.api.post("/v1/me/email", {"new_email": new_email, "password": password}, access)

    async def forgot(self, email: str) -> Reply:
        """Ask for a new password."""
        return await self.api.post("/v1/auth/forgot", {"email": email})

    async def reset(self, code: str, password: str = "another good password") -> Reply:
        """Set one."""
        return await self.api.post("/v1/auth/reset", {"code": code, "new_password": password})

    async def can_log_in(self, email: str, password: str) -> bool:
        """Whether this opens the account."""
        return (await self.api.post("/v1/auth/login", {"email": email, "password": password})).status == 200


@asynccontextmanager
async def mail_world(folder: Path, **settings: Any) -> AsyncIterator[MailWorld]:
    """A server whose outbox is looked at all the time."""
    clock = MovingClock()
    with smtp_sink(folder) as sink, pytest.MonkeyPatch.context() as patch:
        patch.setattr("plg_server.mail_network.TICK_S", TICK_S)
        async with shared_server(folder / "data", sink.settings(**settings), clock) as api:
            yield MailWorld(api, sink, clock)
