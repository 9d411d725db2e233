"""Robokassa: links and notices signed as its documents say."""

import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from plg_server.config import load_config
from plg_server.providers.robokassa import Robokassa
from plg_server.services.payment_facts import Notice, NoticeRefused, Order
from support.billing_world import MovingClock
from support.payment_signers import ROBOKASSA, robokassa_notice

NOW = MovingClock()()
ORDER = Order("PLG-ABCDEFGH", 77, "monthly", 49_900, "RUB", NOW)


def client(**settings: str) -> Robokassa:
    return Robokassa(load_config(None, {}, {"billing": "on", **ROBOKASSA, **settings}).billing)


async def test_the_link_holds_the_documented_signature() -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(await client().link(ORDER)).query).items()}
    assert (asked["MerchantLogin"], asked["OutSum"], asked["InvId"]) == ("plg", "499.00", "77")
    assert asked["SignatureValue"] == hashlib.sha256(b"plg:499.00:77:first").hexdigest()
    assert "IsTest" not in asked
    assert "IsTest=1" in await client(robokassa_test="on").link(ORDER)


async def test_a_notice_says_what_was_paid_and_gets_its_answer() -> None:
    link = await client().link(ORDER)
    for more in ({}, {"Shp_b": "2", "Shp_a": "1"}):
        noticed = client().read_notice(Notice(robokassa_notice(link, **more), {}), NOW)
        (fact,) = noticed.facts
        assert (fact.external_id, fact.number, fact.amount_minor, fact.currency) == ("77", 77, 49_900, "RUB")
        assert noticed.answer == "OK77"


async def test_what_was_not_signed_by_it_is_refused() -> None:
    link = await client().link(ORDER)
    good = robokassa_notice(link)
    bad = [
        robokassa_notice(link, password="first"),
        robokassa_notice(link).replace(b"499.000000", b"1.000000"),
        robokassa_notice(link).replace(b"InvId=77", b"InvId=78"),
        robokassa_notice(link, IsTest="1"),
        robokassa_notice(link, amount="NaN"),
        robokassa_notice(await client().link(replace(ORDER, number=0))),
        good + b"&OutSum=499.000000",
        good + b"&Shp_x=1",
        b"",
        b"\xff\xfe",
        b"a=1&" * 1000,
        b"SignatureValue=%ED%A0%80",
    ]
    for body in bad:
        with pytest.raises(NoticeRefused):
            client().read_notice(Notice(body, {}), NOW)
