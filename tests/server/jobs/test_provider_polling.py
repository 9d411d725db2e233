"""Polling: one replica at a time, never too often, and what was read is credited once."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from plg_server import app_keys
from plg_server.jobs.provider_polling import ProviderPolling, ask_for_poll
from plg_server.models.payments import Payment, ProviderPoll
from plg_server.providers.donatepay import DonatePay
from plg_server.providers.http_calls import provider_http
from support.api_driver import StartServer
from support.billing_world import DONATEPAY, BillingWorld, begun, billing_world
from support.fake_donatepay import FakeDonatePay


@dataclass
class Bench:
    """A server without a round of its own, and several pollers on its database."""

    world: BillingWorld
    fake: FakeDonatePay
    pollers: list[ProviderPolling]

    async def tick(self, poller: int = 0) -> int:
        """One round of one replica."""
        with self.world.api.app[app_keys.DATABASE].active():
            return await self.pollers[poller].tick()


@pytest.fixture
async def bench(
    start_server: StartServer, backend: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bench]:
    monkeypatch.setattr("plg_server.billing_network.ProviderPolling.tick", _nothing)
    world = await billing_world(start_server, backend, **DONATEPAY)
    monkeypatch.undo()
    fake = FakeDonatePay(world.clock)
    async with TestServer(fake.app()) as server, provider_http() as http:
        settings = {**DONATEPAY, "donatepay_api": str(server.make_url("/api/v1"))}
        config = world.api.app[app_keys.CONFIG].billing
        fields = {name: settings.get(name, getattr(config, name)) for name in config.__struct_fields__}
        client = DonatePay(type(config)(**fields), http)
        yield Bench(world, fake, [ProviderPolling({"donatepay": client}, world.clock) for _ in range(4)])


async def _nothing(_polling: object) -> int:
    return 0


async def test_a_donation_with_its_code_is_credited_within_a_poll(bench: Bench) -> None:
    access = await bench.world.player()
    checkout = await begun(bench.world, access)
    bench.fake.give("100.00", "hello, before anything was sold")
    bench.fake.give(checkout["amount"], f"Спасибо! {checkout['code'].lower()}")
    assert await bench.tick() == 1
    assert (await bench.world.subscription(access))["days_left"] == 30
    bench.world.clock.forward(seconds=31)
    bench.fake.give("5.00", "hi")
    assert await bench.tick() == 1  # without a code it waits for the operator
    with bench.world.api.app[app_keys.DATABASE].active():
        assert await Payment.filter(state="unmatched", reason="no_code").count() == 1


async def test_replicas_together_ask_no_more_often_than_allowed(bench: Bench) -> None:
    for _second in range(60):
        await asyncio.gather(*(bench.tick(number) for number in range(4)))
        with bench.world.api.app[app_keys.DATABASE].active():
            await ask_for_poll("donatepay", bench.world.clock)
        bench.world.clock.forward(seconds=2)
    moments = [moment for moment, _query in bench.fake.asked]
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert bench.fake.refused == 0
    assert 4 <= len(moments) <= 6
    assert min(pauses) >= timedelta(seconds=20)


async def test_a_refusal_for_asking_too_often_is_waited_out(bench: Bench) -> None:
    bench.fake.broken = web.json_response({}, status=429)
    await bench.tick()
    for pause_s, asked in ((45, 1), (20, 2)):
        bench.world.clock.forward(seconds=pause_s)
        await bench.tick()
        assert len(bench.fake.asked) == asked


async def test_a_donation_that_is_cancelled_later_takes_its_days_along(bench: Bench) -> None:
    access = await bench.world.player()
    checkout = await begun(bench.world, access)
    number = bench.fake.give(checkout["amount"], checkout["code"])
    await bench.tick()
    bench.fake.change(number, status="cancel")
    bench.world.clock.forward(seconds=31)
    assert await bench.tick() == 1
    shown = await bench.world.subscription(access)
    assert (shown["state"], shown["payments"][0]["state"]) == ("none", "refunded")


async def test_a_crash_between_reading_and_remembering_reads_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = await bench.world.player()
    checkout = await begun(bench.world, access)
    await bench.tick()
    bench.fake.give(checkout["amount"], checkout["code"])
    bench.world.clock.forward(seconds=31)

    async def dies(*_anything: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr("plg_server.jobs.provider_polling.settle", dies)
        with pytest.raises(ConnectionResetError):
            await bench.tick()
    bench.world.clock.forward(seconds=31)
    assert await bench.tick(1) == 1
    assert (await bench.world.subscription(access))["days_left"] == 30


async def test_a_clock_that_was_ahead_does_not_stop_polling(bench: Bench) -> None:
    bench.world.clock.forward(days=3)
    await bench.tick()
    bench.world.clock.forward(days=-3)
    await bench.tick()
    assert len(bench.fake.asked) == 2
    with bench.world.api.app[app_keys.DATABASE].active():
        assert (await ProviderPoll.get()).not_before < bench.world.clock() + timedelta(minutes=1)
