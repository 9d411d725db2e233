"""What relays see of one socket, and what that says of the NAT between."""

import socket
import time

import pytest

from plg.probe.nat_mapping import Endpoint, Mapping, Sighting, judge_mapping, sight_mapping
from plg.probe.relay_ping import RelayTarget
from plg.protocol.mask import HeaderMask
from support.loopback_relay import LoopbackRelay, probe_token

HOME: Endpoint = ("192.168.1.20", 50000)
OUT: Endpoint = ("93.184.216.34", 50000)
OTHER_PORT: Endpoint = ("93.184.216.34", 50001)
OTHER_ADDRESS: Endpoint = ("93.184.216.35", 50000)
A, A2, B, C = ("198.20.0.1", 443), ("198.20.0.1", 444), ("198.20.0.2", 443), ("198.20.0.3", 443)


def sightings(*seen_by: tuple[Endpoint, Endpoint | None], local: Endpoint = HOME) -> list[Sighting]:
    return [Sighting(relay, local, seen) for relay, seen in seen_by]


@pytest.mark.parametrize(
    ("seen_by", "mapping"),
    [
        ([(A, HOME), (B, HOME)], Mapping.NONE),
        ([(A, HOME)], Mapping.NONE),
        ([(A, OUT), (B, OUT)], Mapping.ENDPOINT_INDEPENDENT),
        ([(A, OUT), (A2, OUT), (B, OUT)], Mapping.ENDPOINT_INDEPENDENT),
        ([(A, OUT), (B, OTHER_PORT)], Mapping.DEPENDENT),
        ([(A, OUT), (B, OTHER_ADDRESS), (C, OUT)], Mapping.DEPENDENT),
        ([(A, OUT), (A2, OUT), (B, OTHER_PORT)], Mapping.ADDRESS_DEPENDENT),
        ([(A, OUT), (A2, OTHER_PORT), (B, OUT)], Mapping.ADDRESS_AND_PORT_DEPENDENT),
        ([(A, OUT), (A2, OUT)], Mapping.TRANSLATED),
        ([(A, OUT), (B, None)], Mapping.TRANSLATED),
        ([(A, None), (B, None)], Mapping.NOT_TOLD),
        ([], Mapping.NOT_TOLD),
    ],
)
def test_a_mapping_is_named_in_the_terms_of_rfc_4787(
    seen_by: list[tuple[Endpoint, Endpoint | None]], mapping: Mapping
) -> None:
    assert judge_mapping(sightings(*seen_by)).mapping is mapping


def test_a_relay_on_this_side_of_the_nat_says_nothing_of_what_is_behind_it() -> None:
    found = judge_mapping(sightings((A, HOME), (B, OUT), (C, OUT)))
    assert (found.mapping, found.seen, found.told) == (Mapping.ENDPOINT_INDEPENDENT, (OUT,), 2)


def test_two_ways_out_are_not_taken_for_a_symmetric_nat() -> None:
    second = Sighting(C, ("10.0.0.5", 50000), OTHER_ADDRESS)
    found = judge_mapping([second, *sightings((A, OUT), (B, OUT))])
    assert (found.mapping, found.local) == (Mapping.ENDPOINT_INDEPENDENT, HOME)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine an answer over loopback may take its time."""
    monkeypatch.setattr("plg.probe.nat_mapping.TRIES", 100)
    monkeypatch.setattr("plg.probe.nat_mapping.TRY_S", 0.2)


def target(relay: LoopbackRelay, mask: HeaderMask | None = None) -> RelayTarget:
    return RelayTarget("relay", relay.host, relay.port, probe_token(time.time() + 60), mask)


@pytest.mark.usefixtures("patient")
async def test_relays_see_one_socket_of_this_machine_as_it_is() -> None:
    mask = HeaderMask(bytes(32))
    bare, masking = LoopbackRelay().open(), LoopbackRelay(mask=mask, host="127.0.0.2").open()
    prepared: list[socket.socket] = []
    found = await sight_mapping([target(bare), target(masking, mask)], prepare=prepared.append)
    assert [sighting.relay for sighting in found] == [(bare.host, bare.port), (masking.host, masking.port)]
    assert [sighting.seen == sighting.local for sighting in found] == [True, True]
    assert len({sighting.local for sighting in found}) == 1
    assert judge_mapping(found).mapping is Mapping.NONE
    assert len(prepared) == 3  # the one that asks, and one for each look at the way
    bare.close()
    masking.close()


@pytest.mark.usefixtures("patient")
async def test_relays_before_a_nat_of_each_kind_are_understood() -> None:
    near, far = LoopbackRelay().open(), LoopbackRelay(host="127.0.0.2").open()
    near.brain.seen_as = far.brain.seen_as = lambda source: ("93.184.216.34", source[1])
    assert judge_mapping(await sight_mapping([target(near), target(far)])).mapping is Mapping.ENDPOINT_INDEPENDENT
    far.brain.seen_as = lambda source: ("93.184.216.34", source[1] ^ 1)
    assert judge_mapping(await sight_mapping([target(near), target(far)])).mapping is Mapping.DEPENDENT
    near.close()
    far.close()


async def test_old_silent_and_unknown_relays_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.probe.nat_mapping.TRY_S", 0.02)
    old = LoopbackRelay().open()
    old.brain.seen_as = None
    nowhere = RelayTarget("nowhere", "no-such-host.invalid", 1, bytes(28))
    ipv6 = RelayTarget("ipv6", "::1", 1, bytes(28))
    found = await sight_mapping([target(old), nowhere, ipv6])
    assert [sighting.seen for sighting in found] == [None]
    assert judge_mapping(found).mapping is Mapping.NOT_TOLD
    assert await sight_mapping([nowhere]) == []
    old.close()


@pytest.mark.usefixtures("patient")
async def test_a_lost_answer_is_asked_for_again_and_a_liars_does_not_count() -> None:
    relay = LoopbackRelay().open()
    honest = relay.send
    answers = iter(range(100))
    liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def lossy(out: list[tuple[bytes, tuple[str, int]]]) -> None:
        if out and next(answers) == 0:
            liar.sendto(*out[0])  # from another port
            honest([(b"junk", out[0][1]), (out[0][0][:10] + bytes(54), out[0][1])])
        elif out:
            honest(out)

    relay.send = lossy  # type: ignore[method-assign]  # the loss
    (found,) = await sight_mapping([target(relay)])
    assert found.seen == found.local
    assert next(answers) >= 2
    liar.close()
    relay.close()
