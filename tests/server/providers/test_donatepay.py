"""DonatePay: what its list says, how a gap is caught up with, and that a notice is no more than a nudge."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from plg_server.billing_config import BillingConfig
from plg_server.config import load_config
from plg_server.providers.donatepay import DonatePay
from plg_server.providers.http_calls import provider_http
from plg_server.services.payment_facts import FactKind, Notice, NoticeRefused, Order, ProviderUnavailable
from support.billing_world import DONATEPAY, MovingClock
from support.fake_donatepay import FakeDonatePay

ORDER = Order("PLG-ABCDEFGH", 7, "monthly", 49_900, "RUB", MovingClock()())


def config(**settings: object) -> BillingConfig:
    return load_config(None, {}, {"billing": "on", **DONATEPAY, **settings}).billing


class Bench:
    """DonatePay's stand-in and our client of it."""

    def __init__(self, fake: FakeDonatePay, client: DonatePay, clock: MovingClock) -> None:
        self.fake, self.client, self.clock = fake, client, clock
        self.position = ""

    async def poll(self) -> list[tuple[str, FactKind, int]]:
        """One call, a minute after the last one."""
        self.clock.forward(minutes=1)
        result = await self.client.poll(self.position, self.clock())
        self.position = result.position
        return [(fact.external_id, fact.kind, fact.amount_minor) for fact in result.facts]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = MovingClock()
    fake = FakeDonatePay(clock)
    async with TestServer(fake.app()) as server, provider_http() as http:
        yield Bench(fake, DonatePay(config(donatepay_api=str(server.make_url("/api/v1"))), http), clock)


async def test_successful_donations_are_payments_and_cancelled_ones_refunds(bench: Bench) -> None:
    bench.fake.give("1.00", "before anything was sold")
    assert await bench.poll() == []
    bench.fake.give("499.00", "PLG-ABCDEFGH")
    bench.fake.give("12.5", "", status="cancel")
    for number, status in enumerate(("wait", "user")):
        bench.fake.give("1.00", f"not yet {number}", status=status)
    bench.fake.give("1.00", "a test", test=True)
    bench.fake.give("1.00", "money that goes out", type="cashout")
    found = await bench.poll()
    assert found == [("1002", FactKind.REFUNDED, 1250), ("1001", FactKind.PAID, 49_900)]


async def test_the_first_page_holds_only_what_names_a_code(bench: Bench) -> None:
    bench.fake.give("5.00", "hello")
    bench.fake.give("499.00", "PLG-ABCDEFGH")
    assert await bench.poll() == [("1001", FactKind.PAID, 49_900)]


async def test_what_came_while_the_server_was_away_is_all_read(bench: Bench) -> None:
    bench.fake.give("1.00", "seen")
    await bench.poll()
    numbers = [str(bench.fake.give("2.00", f"missed {n}")) for n in range(250)]
    found: set[str] = set()
    for _page in range(4):
        found |= {external_id for external_id, _kind, _amount in await bench.poll()}
    assert set(numbers) <= found
    assert '"before":0' in bench.position


async def test_a_comment_currency_and_time_arrive(bench: Bench) -> None:
    bench.fake.give("1", "plg-abcdefgh", currency="eur")
    (fact,) = (await bench.client.poll("", bench.clock())).facts
    assert (fact.comment, fact.currency) == ("plg-abcdefgh", "EUR")
    assert abs(fact.at - bench.clock()) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "row",
    [
        {"id": "../x", "sum": "1", "status": "success"},
        {"id": 5, "sum": "1e9999", "status": "success"},
        {"id": 5, "sum": "-4", "status": "success"},
        {"id": 5, "sum": {}, "status": "success"},
        {"id": 5},
        None,
        [[[[]]]],
    ],
)
async def test_a_line_that_cannot_be_read_does_not_hide_the_others(bench: Bench, row: Any) -> None:
    good = {"id": 7, "sum": 499, "status": "success", "type": "donation", "vars": {"comment": "PLG-ABCDEFGH"}}
    bench.fake.broken = web.json_response({"status": "success", "data": [row, good]})
    assert await bench.poll() == [("7", FactKind.PAID, 49_900)]


@pytest.mark.parametrize(
    "answer",
    [
        web.json_response({"status": "error", "message": "no"}),
        web.Response(text="<html>"),
        web.Response(status=500),
        web.Response(body=b"\xff\xfe"),
        web.Response(status=302, headers={"Location": "/elsewhere"}),
        web.Response(body=b" " * 1_100_000),
    ],
    ids=["error", "html", "500", "not utf-8", "redirect", "too large"],
)
async def test_an_answer_that_is_none_says_so_without_the_key(bench: Bench, answer: web.Response) -> None:
    bench.fake.broken = answer
    with pytest.raises(ProviderUnavailable) as refused:
        await bench.poll()
    assert "donatepay-key" not in repr(refused.value)


async def test_asking_too_often_is_told_with_a_wait(bench: Bench) -> None:
    await bench.poll()
    with pytest.raises(ProviderUnavailable) as refused:
        await bench.client.poll("", bench.clock())
    assert refused.value.wait_s == 60


async def test_the_link_is_the_operators_page(bench: Bench) -> None:
    assert await bench.client.link(ORDER) == "https://donate.example.org/plg?message=PLG-ABCDEFGH&amount=499.00"


async def test_a_good_notice_only_asks_for_the_list(bench: Bench) -> None:
    body = b'{"sum": "499.00", "comment": "PLG-ABCDEFGH"}'
    signature = hmac.new(b"a secret of ours", body, hashlib.sha256).hexdigest()
    noticed = bench.client.read_notice(Notice(body, {"x-donatepay-signature": signature}), bench.clock())
    assert (noticed.facts, noticed.poll_now) == ((), True)
    for wrong in ("", signature[:-1] + "0", "é"):
        with pytest.raises(NoticeRefused):
            bench.client.read_notice(Notice(body + b" ", {"x-donatepay-signature": wrong}), bench.clock())


async def test_without_a_secret_no_notice_is_good() -> None:
    async with provider_http() as http:
        client = DonatePay(config(donatepay_webhook_secret=""), http)
        with pytest.raises(NoticeRefused):
            client.read_notice(Notice(b"", {"x-donatepay-signature": ""}), MovingClock()())
