"""Numeric addresses of relays."""

from ipaddress import ip_address

import pytest

from plg.protocol.destination import Address
from plg_server.services import relay_addresses
from plg_server.services.relay_addresses import MAX_ADDRESSES, RelayAddresses, common_pair, networks_of


class Names:
    """A resolver with a book of names that a test may change."""

    def __init__(self, **book: list[str]) -> None:
        self.book = {name.replace("_", "."): texts for name, texts in book.items()}
        self.asked: list[str] = []

    async def addresses(self, name: str) -> list[Address]:
        self.asked.append(name)
        if name not in self.book:
            raise OSError
        return [ip_address(text) for text in self.book[name]]


async def test_numbers_stay_and_names_are_looked_up_once_a_minute() -> None:
    names = Names(a_example=["2620:fe::9", "9.9.9.9"])
    addresses = RelayAddresses(names)
    found = await addresses.of(["a.example", "9.9.9.5", "b.example"])
    assert found == {
        "a.example": (ip_address("9.9.9.9"), ip_address("2620:fe::9")),
        "9.9.9.5": (ip_address("9.9.9.5"),),
        "b.example": (),
    }
    await addresses.of(["a.example"])
    assert sorted(names.asked) == ["a.example", "b.example"]


async def test_a_resolver_that_is_away_does_not_make_relays_vanish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_addresses, "FRESH_S", 0.0)
    names = Names(a_example=["9.9.9.9"])
    addresses = RelayAddresses(names)
    before = await addresses.of(["a.example"])
    del names.book["a.example"]
    assert await addresses.of(["a.example"]) == before
    monkeypatch.setattr(relay_addresses, "KEPT_S", 0.0)
    assert await addresses.of(["a.example"]) == {"a.example": ()}


async def test_a_name_with_very_many_addresses_is_cut() -> None:
    addresses = RelayAddresses(Names(a_example=[f"9.9.9.{number}" for number in range(100)]))
    assert len((await addresses.of(["a.example"]))["a.example"]) == MAX_ADDRESSES


def test_two_relays_meet_in_a_family_that_both_have_ipv4_before_ipv6() -> None:
    v4, v6, other4, other6 = (ip_address(text) for text in ("9.9.9.9", "2620:fe::9", "8.8.8.8", "2001:4860::8"))
    assert common_pair([v6, v4], [other6, other4]) == (v4, other4)
    assert common_pair([v6], [other4, other6]) == (v6, other6)
    assert common_pair([v4], [other6]) is None
    assert common_pair([], [other4]) is None


def test_the_network_around_an_address_stands_for_its_provider() -> None:
    found = networks_of([ip_address("9.9.9.9"), ip_address("2620:fe::9")])
    assert found == {"9.9.0.0/16", "2620:fe::/32"}
