"""What is said of a NAT, by what relays see and by the routers on the way."""

from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from plg.cli.doctor_words import WORDS
from plg.doctor.address_translation import check_nat, judge_nat, routers
from plg.doctor.finding import Finding, Verdict
from plg.doctor.once import Once
from plg.doctor.scene import PingedRelay
from plg.probe.nat_mapping import Mapping, NatMapping
from plg.probe.relay_ping import RelayPing
from plg.probe.route_trace import Hop, RouteTrace
from support.doctor_scene import scene_at
from support.loopback_relay import LoopbackRelay

HOME, PUBLIC, SHARED = "192.168.1.20", "93.184.216.34", "100.80.1.2"
ROUTER, PROVIDER = "192.168.1.1", "93.184.216.1"
NOT_TOLD = NatMapping(Mapping.NOT_TOLD)


def untouched(address: str) -> NatMapping:
    return NatMapping(Mapping.NONE, (address, 5), ((address, 5),), 2)


def seen(mapping: Mapping, *outside: str) -> NatMapping:
    return NatMapping(mapping, (HOME, 5), tuple((address, 5) for address in outside or (PUBLIC,)), 2)


INDEPENDENT, SYMMETRIC = seen(Mapping.ENDPOINT_INDEPENDENT), seen(Mapping.DEPENDENT)


@pytest.mark.parametrize(
    ("mine", "hops", "told", "code", "verdict"),
    [
        (PUBLIC, [], NOT_TOLD, "nat_none", Verdict.OK),
        (PUBLIC, [], untouched(PUBLIC), "nat_none", Verdict.OK),
        (HOME, [], untouched(HOME), "nat_none_on_the_way", Verdict.OK),
        (HOME, [ROUTER, PROVIDER], INDEPENDENT, "nat_endpoint_independent", Verdict.OK),
        (PUBLIC, [], INDEPENDENT, "nat_endpoint_independent", Verdict.OK),
        (HOME, [ROUTER, PROVIDER], SYMMETRIC, "nat_symmetric", Verdict.WARN),
        (HOME, [], seen(Mapping.ADDRESS_DEPENDENT), "nat_symmetric", Verdict.WARN),
        (HOME, [], seen(Mapping.ADDRESS_AND_PORT_DEPENDENT), "nat_symmetric", Verdict.WARN),
        (HOME, [], seen(Mapping.TRANSLATED), "nat_one_relay", Verdict.UNKNOWN),
        (HOME, [ROUTER, PROVIDER], NOT_TOLD, "nat_relays_too_old", Verdict.UNKNOWN),
        (HOME, [ROUTER, "100.70.0.1", PROVIDER], INDEPENDENT, "nat_carrier_grade", Verdict.WARN),
        (HOME, [ROUTER, "100.70.0.1", PROVIDER], NOT_TOLD, "nat_carrier_grade", Verdict.WARN),
        (SHARED, [], NOT_TOLD, "nat_carrier_grade", Verdict.WARN),
        (SHARED, [], untouched(SHARED), "nat_carrier_grade", Verdict.WARN),
        (HOME, [], seen(Mapping.ENDPOINT_INDEPENDENT, "100.99.0.1"), "nat_carrier_grade", Verdict.WARN),
        (HOME, [ROUTER, "10.0.0.1", PROVIDER], NOT_TOLD, "nat_double", Verdict.UNKNOWN),
        (HOME, [ROUTER, "10.0.0.1", PROVIDER], INDEPENDENT, "nat_double", Verdict.OK),
        (HOME, [ROUTER, "10.0.0.1", PROVIDER], SYMMETRIC, "nat_double", Verdict.WARN),
        (HOME, [ROUTER, "10.0.0.1"], INDEPENDENT, "nat_endpoint_independent", Verdict.OK),
        (None, [], NOT_TOLD, "nat_relays_too_old", Verdict.UNKNOWN),
    ],
)
def test_relays_tell_the_type_and_routers_where_it_happens(
    mine: str | None, hops: list[str], told: NatMapping, code: str, verdict: Verdict
) -> None:
    own = None if mine is None else ip_address(mine)
    found = judge_nat(own, [ip_address(hop) for hop in hops], told, 2)
    assert (found.code, found.verdict) == (code, verdict)
    assert found.facts["mapping"] == told.mapping.value
    assert "{" not in (WORDS[found.code].seen + (WORDS[found.code].step or "")).format(**found.facts)


def test_without_a_relay_that_answers_nothing_is_too_old() -> None:
    assert judge_nat(ip_address(HOME), [], NOT_TOLD, 0).code == "nat_type_not_told"


def test_what_was_seen_is_told_and_bounded() -> None:
    many = [f"93.184.216.{number}" for number in range(9)]
    assert judge_nat(None, [], seen(Mapping.DEPENDENT, *many), 9).facts["seen"] == ", ".join(
        f"{address}:5" for address in many[:3]
    )


def test_the_end_of_the_way_is_no_router() -> None:
    hops = (Hop(1, "192.168.1.1"), Hop(2, None), Hop(3, "192.0.2.10"))
    assert routers(RouteTrace("relay", "192.0.2.10", "udp", hops, True)) == [ip_address("192.168.1.1")]
    assert routers(None) == []


async def test_without_relays_the_own_address_alone_speaks(tmp_path: Path) -> None:
    assert (await check_nat(scene_at(tmp_path))).code in {"nat_none", "nat_type_not_told", "nat_carrier_grade"}


async def looked_at(tmp_path: Path, near: LoopbackRelay, far: LoopbackRelay) -> Finding:
    """The check over two relays that answered their pings."""
    relays = {"near": near, "far": far}
    scene = scene_at(tmp_path, relays=relays)
    nodes = (await scene.server.nodes()).nodes
    pinged = [
        PingedRelay(msgspec.structs.replace(node, host=relays[node.id].host), RelayPing(node.id, 5.0, 0.1, 0.0))
        for node in nodes
    ]

    async def pings() -> list[PingedRelay]:
        return pinged

    async def no_trace() -> RouteTrace | None:
        return None

    scene.relays, scene.trace = Once(pings), Once(no_trace)
    return await check_nat(scene)


async def test_two_relays_are_asked_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.probe.nat_mapping.TRIES", 100)
    near, far = LoopbackRelay().open(), LoopbackRelay(host="127.0.0.2").open()
    found = await looked_at(tmp_path, near, far)
    assert (found.code, found.facts["address"], found.facts["told"]) == ("nat_none_on_the_way", "127.0.0.1", 2)
    near.brain.seen_as = lambda source: (PUBLIC, source[1])
    far.brain.seen_as = lambda source: (PUBLIC, source[1] ^ 1)
    found = await looked_at(tmp_path, near, far)
    assert (found.code, found.facts["mapping"]) == ("nat_symmetric", "address- or port-dependent")
    near.close()
    far.close()


async def test_relays_from_before_the_question_are_called_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg.probe.nat_mapping.TRY_S", 0.02)
    near, far = LoopbackRelay().open(), LoopbackRelay(host="127.0.0.2").open()
    near.brain.seen_as = far.brain.seen_as = None
    found = await looked_at(tmp_path, near, far)
    assert (found.code, found.verdict, found.facts["asked"]) == ("nat_relays_too_old", Verdict.UNKNOWN, 2)
    near.close()
    far.close()
