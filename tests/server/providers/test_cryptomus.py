"""Cryptomus: invoices made through its API, notices signed as its documents say."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from plg_server.config import load_config
from plg_server.providers.cryptomus import Cryptomus
from plg_server.providers.http_calls import provider_http
from plg_server.services.payment_facts import FactKind, Notice, NoticeRefused, Order, ProviderUnavailable
from support.billing_world import MovingClock
from support.payment_signers import CRYPTOMUS, FakePaymentApis, cryptomus_notice

NOW = MovingClock()()
ORDER = Order("PLG-ABCDEFGH", 77, "monthly", 599, "USD", NOW)


@pytest.fixture
async def apis() -> AsyncIterator[tuple[FakePaymentApis, Cryptomus]]:
    fake = FakePaymentApis()
    async with TestServer(fake.app()) as server, provider_http() as http:
        settings = {"billing": "on", **CRYPTOMUS, "cryptomus_api": str(server.make_url("")).rstrip("/")}
        yield fake, Cryptomus(load_config(None, {}, settings).billing, "https://plg.example.org", http)


async def test_an_invoice_is_asked_for_with_a_signature(apis: tuple[FakePaymentApis, Cryptomus]) -> None:
    fake, client = apis
    assert await client.link(ORDER) == "https://pay.example.org/1"
    (asked,) = fake.made
    assert (asked["amount"], asked["currency"], asked["order_id"]) == ("5.99", "USD", ORDER.code)
    assert asked["url_callback"] == "https://plg.example.org/v1/payments/notices/cryptomus"
    fake.url = "http://pay.example.org/1"
    with pytest.raises(ProviderUnavailable):
        await client.link(ORDER)


@pytest.mark.parametrize(
    ("fields", "kind", "amount_minor"),
    [
        ({}, FactKind.PAID, 599),
        ({"status": "paid_over"}, FactKind.PAID, 599),
        ({"status": "wrong_amount", "payment_amount_usd": "2.50"}, FactKind.PAID, 200),
        ({"status": "wrong_amount", "payment_amount_usd": "700.00"}, FactKind.PAID, 598),
        ({"status": "refund_paid"}, FactKind.REFUNDED, 599),
    ],
)
async def test_final_states_become_facts(
    apis: tuple[FakePaymentApis, Cryptomus], fields: dict[str, str], kind: FactKind, amount_minor: int
) -> None:
    (fact,) = apis[1].read_notice(Notice(cryptomus_notice(order_id=ORDER.code, **fields), {}), NOW).facts
    assert (fact.kind, fact.amount_minor, fact.currency, fact.code) == (kind, amount_minor, "USD", ORDER.code)


@pytest.mark.parametrize(
    "status", ["process", "confirm_check", "fail", "cancel", "refund_process", "wrong_amount_waiting"]
)
async def test_states_on_the_way_change_nothing(apis: tuple[FakePaymentApis, Cryptomus], status: str) -> None:
    assert apis[1].read_notice(Notice(cryptomus_notice(status=status), {}), NOW).facts == ()


@pytest.mark.parametrize(
    "body",
    [
        cryptomus_notice(key="another"),
        cryptomus_notice().replace(b"5.99000000", b"0.01000000"),
        cryptomus_notice(amount="x"),
        cryptomus_notice(amount=None),
        cryptomus_notice().replace(b'"sign"', b'"sigh"'),
        b'{"sign": "\\ud800"}',
        b'{"sign": null}',
        b"[]",
        b"3",
        b"{",
        b"",
        b"\xff",
        b"[" * 60_000,
    ],
)
async def test_forged_and_broken_notices_are_refused(apis: tuple[FakePaymentApis, Cryptomus], body: bytes) -> None:
    with pytest.raises(NoticeRefused):
        apis[1].read_notice(Notice(body, {}), NOW)
