"""A server that sells everything by every provider, sends e-mail, and has its clock moved: the ground of whole stories."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.models.mail import OutboxMail
from support.api_driver import PASSWORD, ApiDriver, Reply
from support.billing_world import DONATEPAY, MovingClock
from support.callers import signed_in_as
from support.fake_donatepay import FakeDonatePay
from support.member_relay import MemberRelay, enrolled_relay
from support.payment_signers import (
    CRYPTOMUS,
    ROBOKASSA,
    STRIPE,
    FakePaymentApis,
    cryptomus_notice,
    robokassa_notice,
    stripe_event,
    stripe_headers,
)
from support.shared_server import shared_server
from support.smtp_sink import Received, SmtpSink, smtp_sink

WAIT_S = 20.0
"""For something that the server does by itself; a busy machine has needed a few seconds."""

ROUND_S = 0.05
"""How often the server looks after e-mails and donations here: waiting for its usual seconds shows nothing more."""


@dataclass
class MoneyStory:
    """Made by `money_story`."""

    api: ApiDriver
    clock: MovingClock
    donations: FakeDonatePay
    mail: SmtpSink
    relay: MemberRelay

    async def call(self, method: str, url: str, token: str | None, body: Any = None, *, status: int = 200) -> Any:
        """A request that must be answered so; gives what it says."""
        reply = await self.api.call(method, url, token, json=body)
        assert reply.status == status, f"{method} {url}: {reply.status} {reply.text}"
        return reply.json

    async def join(self, email: str) -> str:
        """Register, confirm the address with the code of the e-mail, sign in; gives the access token."""
        await self.api.register(email)
        access = await self.sign_in(email)

        async def has_come() -> bool:
            return bool(self.mail.to(email))

        await until(has_come)
        code = self.mail.to(email)[0].code
        settings = await self.call("POST", "/v1/me/email/verify", access, {"code": code})
        assert settings["email_verified"]
        return access

    async def mails(self, address: str, subject: str, number: int) -> list[Received]:
        """The e-mails to it whose subject begins so, as soon as there are so many. Then nothing else may wait to be sent."""

        def come() -> list[Received]:
            return [one for one in self.mail.to(address) if one.message["Subject"].startswith(subject)]

        async def are_there() -> bool:
            with self.api.app[app_keys.DATABASE].active():
                return len(come()) >= number and not await OutboxMail.exists(state="waiting")

        await until(are_there)
        assert len(come()) == number
        return come()

    async def sign_in(self, email: str) -> str:
        """A new access token."""
        return str((await self.api.login(email, PASSWORD))["access_token"])

    async def somebody(self, role: str = "player") -> str:
        """A token of an account that was always there: a player without a plan, or one of the staff."""
        return (await signed_in_as(self.api, role)).access_token

    async def plan(self, access: str) -> Any:
        """GET /v1/subscription."""
        return await self.call("GET", "/v1/subscription", access)

    async def days_left(self, access: str) -> int:
        """Of the plan that runs."""
        return int((await self.plan(access))["days_left"])

    async def play(self, access: str) -> Reply:
        """Try to start a session."""
        await self.relay.beat()
        return await self.api.post("/v1/sessions", {"game": "cs2"}, access)

    async def checkout(self, access: str, provider: str, plan: str = "monthly", **more: str) -> Any:
        """Set out to pay."""
        return await self.call(
            "POST", "/v1/payments/checkout", access, {"plan": plan, "provider": provider, **more}, status=201
        )

    async def tell(self, provider: str, body: bytes, headers: dict[str, str] | None = None) -> Reply:
        """A notice of a provider."""
        return await self.api.post(f"/v1/payments/notices/{provider}", data=body, headers=headers or {})

    async def tell_stripe(self, kind: str, **fields: Any) -> Reply:
        """An event of Stripe, signed now."""
        body = stripe_event(kind, self.clock(), **fields)
        return await self.tell("stripe", body, stripe_headers(body, self.clock()))

    async def pay(self, access: str, provider: str, plan: str = "monthly") -> Any:
        """Set out to pay, pay exactly, and let the provider tell it twice; gives the checkout."""
        before = await self.payments(access)
        checkout = await self.checkout(access, provider, plan)
        match provider:
            case "donatepay":
                self.clock.forward(seconds=31)  # so long the list is not asked again
                self.donations.give(checkout["amount"], f"for me {checkout['code']}")
            case "robokassa":
                replies = [await self.tell(provider, robokassa_notice(checkout["link"])) for _twice in range(2)]
                assert {reply.status for reply in replies} == {200}
            case "stripe":
                minor = int(checkout["amount"].replace(".", ""))
                for _twice in range(2):
                    told = await self.tell_stripe(
                        "checkout.session.completed",
                        payment_intent=f"pi_{checkout['code']}",
                        payment_status="paid",
                        client_reference_id=checkout["code"],
                        amount_total=minor,
                        currency=checkout["currency"].lower(),
                    )
                    assert told.status == 200, told.text
            case "cryptomus":
                notice = cryptomus_notice(
                    order_id=checkout["code"],
                    uuid=checkout["id"],
                    amount=checkout["amount"],
                    currency=checkout["currency"],
                )
                assert {(await self.tell(provider, notice)).status for _twice in range(2)} == {200}
        await self.until_paid(lambda: self.payments(access), before + 1)
        return checkout

    async def payments(self, access: str) -> int:
        """How many the account has."""
        return int((await self.call("GET", "/v1/payments", access))["total"])

    async def until_paid(self, counted: Callable[[], Awaitable[int]], number: int) -> None:
        """Wait until there are so many payments."""

        async def is_so() -> bool:
            return await counted() >= number

        await until(is_so)
        assert await counted() == number

    async def account_of(self, access: str) -> Account:
        """The row behind a token."""
        account_id = (await self.call("GET", "/v1/me", access))["id"]
        with self.api.app[app_keys.DATABASE].active():
            return await Account.get(id=account_id)


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what the server does by itself."""
    async with asyncio.timeout(WAIT_S):
        while not await happened():  # noqa: ASYNC110 - the server is seen from outside
            await asyncio.sleep(ROUND_S)


@asynccontextmanager
async def money_story(folder: Path, backend: dict[str, object]) -> AsyncIterator[MoneyStory]:
    """Everything on, on this backend; a relay that lives."""
    clock = MovingClock()
    donations = FakeDonatePay(clock)
    with pytest.MonkeyPatch.context() as patch, smtp_sink(folder / "mail") as mail:
        patch.setattr("plg_server.billing_network.TICK_S", ROUND_S)
        patch.setattr("plg_server.mail_network.TICK_S", ROUND_S)
        async with (
            TestServer(donations.app()) as donatepay,
            TestServer(FakePaymentApis().app()) as apis,
        ):
            url = str(apis.make_url("")).rstrip("/")
            settings = {
                **backend,
                "billing": "on",
                **DONATEPAY,
                **ROBOKASSA,
                **STRIPE,
                **CRYPTOMUS,
                "donatepay_api": str(donatepay.make_url("/api/v1")),
                "stripe_api": url,
                "cryptomus_api": url,
                "public_url": "https://plg.example.org",
                **mail.settings(require_verified_email="on"),
            }
            async with shared_server(folder / "data", settings, clock) as api:
                yield MoneyStory(api, clock, donations, mail, await enrolled_relay(api))
