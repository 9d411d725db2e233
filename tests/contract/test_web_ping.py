"""Where browsers may measure a relay: what is an address, and what a page's policy is told of it."""

import re

import pytest

from plg.contract.web_ping import WEB_PING_URL, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://relay1.example/ping", "https://relay1.example"),
        ("https://relay1.example:8444/ping", "https://relay1.example:8444"),
        ("http://192.0.2.7:80/ping", "http://192.0.2.7:80"),
        ("http://a/ping", "http://a"),
    ],
)
def test_an_address_and_its_origin(url: str, origin: str) -> None:
    assert re.search(WEB_PING_URL, url)
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "text",
    [
        "https://relay1.example/ping/",
        "https://relay1.example/ping\n",
        "https://relay1.example/ping ",
        "https://relay1.example /ping",
        "https://-relay.example/ping",
        "https://relay1.example:08/ping",
        "https://a;default-src */ping",
        "https://a'/ping",
        "https://ы.example/ping",
        "//relay1.example/ping",
        "wss://relay1.example/ping",
        "x https://relay1.example/ping",
    ],
)
def test_nothing_else_fits_so_nothing_else_reaches_a_policy(text: str) -> None:
    assert re.search(WEB_PING_URL, text) is None
