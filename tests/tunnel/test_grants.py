"""The server's grant, taken apart."""

import base64
from ipaddress import ip_address

import msgspec
import pytest

from plg.contract.games import DestinationRule
from plg.contract.sessions import SessionGrant, StartSessionRequest
from plg.tunnel.grants import (
    BadGrant,
    HostPort,
    access_list,
    client_grant,
    header_mask,
    interface_numbers,
    parse_address,
    parse_host_port,
    port_spans,
    standby_grant,
    ticket_for,
    transit_pass,
)
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.session_bodies import transit_grant


@pytest.fixture
async def grant() -> SessionGrant:
    server = LoopbackServer({"one": LoopbackRelay()}, targets=["198.20.9.9:27015", "[2620:fe::9]:27015"])
    return await server.start_session(StartSessionRequest(game="lab-game"))


async def test_secrets_come_out_as_the_session_needs_them(grant: SessionGrant) -> None:
    found = client_grant(grant)
    assert (found.cid, len(found.secret), found.relay_id, found.suite) == (int(grant.cid, 16), 32, 42, 1)
    assert found.ticket == base64.b64decode(grant.ticket)


async def test_profile_and_approved_targets_are_allowed_and_nothing_else(grant: SessionGrant) -> None:
    allowed = access_list(grant)
    assert allowed.allows(ip_address("198.20.0.250"), 5000)
    assert allowed.allows(ip_address("198.20.9.9"), 27015)
    assert allowed.allows(ip_address("2620:fe::9"), 27015)
    assert not allowed.allows(ip_address("198.20.9.9"), 27016)
    assert not allowed.allows(ip_address("198.20.9.8"), 27015)


@pytest.mark.parametrize(
    "change",
    [
        {"key": "AAAA"},
        {"key": "not base64!"},
        {"ticket": ""},
        {"ticket": "A" * 700},
        {"cid": "not hex"},
        {"cid": "f" * 17},
        {"suite": 9},
    ],
    ids=str,
)
async def test_secrets_that_make_no_sense_are_refused(grant: SessionGrant, change: dict[str, object]) -> None:
    with pytest.raises(BadGrant):
        client_grant(msgspec.structs.replace(grant, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"targets": ["198.20.9.9"]},
        {"targets": ["host.example:27015"]},
        {"destinations": [DestinationRule(cidrs=["198.20.0.1/24"], ports=[])]},
        {"destinations": [DestinationRule(cidrs=[], ports=["x"])]},
    ],
    ids=str,
)
async def test_destinations_that_make_no_sense_are_refused(grant: SessionGrant, change: dict[str, object]) -> None:
    with pytest.raises(BadGrant):
        access_list(msgspec.structs.replace(grant, **change))


async def test_the_mask_is_there_when_the_relay_wants_one(grant: SessionGrant) -> None:
    assert header_mask(grant.relay) is None
    for key, good in ((base64.b64encode(bytes(32)).decode(), True), ("AAAA", False), ("?", False)):
        masked = msgspec.structs.replace(grant, relay=msgspec.structs.replace(grant.relay, mask_key=key))
        if good:
            assert header_mask(masked.relay) is not None
        else:
            with pytest.raises(BadGrant):
                header_mask(masked.relay)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.7:27960", HostPort("192.0.2.7", 27960)),
        (" play.example.org:1 ", HostPort("play.example.org", 1)),
        ("[2620:fe::9]:65535", HostPort("2620:fe::9", 65535)),
    ],
)
def test_host_and_port_are_read(text: str, expected: HostPort) -> None:
    assert parse_host_port(text) == expected
    assert str(expected) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host",
        "host:",
        ":1",
        "host:0",
        "host:65536",
        "2620:fe::9:1",
        "[::1]",
        "a:1:2",
        "host:1x",
        "a b:1",
        "a\tb:1",
        "u@h:1",
        "h/p:1",
        "[host]:1",
        "[1.2.3.4]:1",
    ],
)
def test_what_is_no_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the value itself
        parse_host_port(text)


def test_port_ranges_and_addresses() -> None:
    assert port_spans(["27015", "27020-27030"]) == ((27015, 27015), (27020, 27030))
    assert parse_address("198.20.0.1") == ip_address("198.20.0.1")
    assert parse_address("relay.example") is None


async def test_a_standby_is_a_session_of_its_own_with_tickets_of_its_own() -> None:
    relays = {"one": LoopbackRelay(), "two": LoopbackRelay(relay_id=43)}
    server = LoopbackServer(relays, has_standby=True)
    grant = await server.start_session(StartSessionRequest(game="lab-game"))
    assert grant.standby is not None
    found = standby_grant(grant, grant.standby)
    assert (found.relay_id, found.suite) == (43, 1)
    assert found.cid != client_grant(grant).cid
    assert ticket_for(grant, found.cid) == found.ticket
    assert ticket_for(grant, client_grant(grant).cid) == client_grant(grant).ticket
    with pytest.raises(BadGrant):
        ticket_for(grant, 1)


def test_the_right_to_a_transit() -> None:
    good = msgspec.structs.replace(transit_grant(), key=base64.b64encode(bytes(32)).decode(), ticket="dGlja2V0")
    assert transit_pass(good).secret == bytes(32)
    assert transit_pass(good).ticket == b"ticket"
    for change in ({"key": "AAAA"}, {"ticket": ""}, {"ticket": "?"}):
        with pytest.raises(BadGrant):
            transit_pass(msgspec.structs.replace(good, **change))


@pytest.mark.parametrize(
    ("max_paths", "more", "numbers"), [(3, 0, []), (3, 1, [2]), (4, 2, [2, 3]), (2, 1, [1]), (1, 1, []), (2, 3, [])]
)
def test_further_interfaces_have_the_last_numbers(max_paths: int, more: int, numbers: list[int]) -> None:
    assert list(interface_numbers(max_paths, more)) == numbers
