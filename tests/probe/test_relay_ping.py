"""Measuring relays on loopback."""

import asyncio
import socket
import struct
import time

import pytest

from plg.probe.relay_ping import MAX_RELAYS, RelayTarget, measure_relays
from plg.protocol.mask import HeaderMask
from plg.protocol.probe import ProbeReply, read_probe_reply
from support.loopback_relay import LoopbackRelay, probe_token


def target(relay: LoopbackRelay, name: str = "one", token: bytes | None = None) -> RelayTarget:
    return RelayTarget(name, "127.0.0.1", relay.port, token or probe_token(time.time() + 60))


async def test_a_relay_that_answers_is_measured_and_the_measurement_ends_early() -> None:
    relay = LoopbackRelay().open()
    began_s = time.monotonic()
    (found,) = await measure_relays([target(relay)])
    assert found.node_id == "one"
    assert found.rtt_ms is not None
    assert found.jitter_ms is not None
    assert 0 < found.rtt_ms < 200
    assert found.loss_percent == 0
    assert 0.9 < time.monotonic() - began_s < 2.5
    relay.close()


async def test_many_are_measured_side_by_side_and_come_back_in_order() -> None:
    relays = [LoopbackRelay().open() for _ in range(MAX_RELAYS)]
    began_s = time.monotonic()
    found = await measure_relays(
        [target(relay, str(number)) for number, relay in enumerate(relays)], pings=4, interval_s=0.05
    )
    assert [ping.node_id for ping in found] == [str(number) for number in range(MAX_RELAYS)]
    assert all(ping.rtt_ms is not None for ping in found)
    assert time.monotonic() - began_s < 2
    for relay in relays:
        relay.close()


async def test_silent_unknown_and_surplus_relays_have_lost_everything() -> None:
    relay = LoopbackRelay().open()
    forged = target(relay, "forged", bytes(28))
    nowhere = RelayTarget("nowhere", "no-such-host.invalid", 1, bytes(28))
    surplus = [target(relay, f"more-{number}") for number in range(MAX_RELAYS)]
    found = await measure_relays([forged, nowhere, *surplus], pings=2, interval_s=0.01)
    assert [(ping.rtt_ms, ping.loss_percent) for ping in found if ping.node_id in {"forged", "nowhere"}] == [
        (None, 100.0)
    ] * 2
    assert found[-1].rtt_ms is None
    assert found[2].rtt_ms is not None
    relay.close()


async def test_answers_of_somebody_else_do_not_count() -> None:
    """A program that knows the question, but answers from another address."""
    relay = LoopbackRelay().open()
    liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    liar.bind(("127.0.0.1", 0))

    def answer_from_elsewhere(out: list[tuple[bytes, tuple[str, int]]]) -> None:
        for datagram, address in out:
            liar.sendto(datagram, address)

    relay.send = answer_from_elsewhere  # type: ignore[method-assign]  # the lie
    (found,) = await measure_relays([target(relay)], pings=3, interval_s=0.01)
    assert found.rtt_ms is None
    liar.close()
    relay.close()


async def test_junk_and_repeated_answers_change_nothing() -> None:
    relay = LoopbackRelay().open()
    honest = relay.send

    def noisy(out: list[tuple[bytes, tuple[str, int]]]) -> None:
        for datagram, address in out:
            honest([(b"junk", address), (datagram, address), (datagram, address), (datagram[:-1], address)])

    relay.send = noisy  # type: ignore[method-assign]  # the noise
    (found,) = await measure_relays([target(relay)], pings=4, interval_s=0.02)
    assert (found.rtt_ms is not None, found.loss_percent) == (True, 0.0)
    relay.close()


async def test_lost_answers_are_counted_but_for_the_warm_up() -> None:
    relay = LoopbackRelay().open()
    honest = relay.send
    answers = iter(range(100))

    def lossy(out: list[tuple[bytes, tuple[str, int]]]) -> None:
        if out and next(answers) not in {0, 1, 3}:  # a relay with nothing to send calls this too
            honest(out)

    relay.send = lossy  # type: ignore[method-assign]  # the loss
    (found,) = await measure_relays([target(relay)], pings=5, interval_s=0.03)
    assert found.loss_percent == 50.0
    relay.close()


async def test_a_masking_relay_is_measured_with_its_mask_only() -> None:
    mask, bare = HeaderMask(bytes(32)), LoopbackRelay().open()
    masking = LoopbackRelay(mask=mask).open()
    token = probe_token(time.time() + 60)
    asked = [
        RelayTarget("masked", "127.0.0.1", masking.port, token, mask),
        RelayTarget("without", "127.0.0.1", masking.port, token),
        RelayTarget("wrong", "127.0.0.1", masking.port, token, HeaderMask(bytes([1] * 32))),
        RelayTarget("bare", "127.0.0.1", bare.port, token),
    ]
    found = await measure_relays(asked, pings=4, interval_s=0.02)
    assert [(ping.node_id, ping.loss_percent) for ping in found] == [
        ("masked", 0.0), ("without", 100.0), ("wrong", 100.0), ("bare", 0.0),
    ]  # fmt: skip
    masking.close()
    bare.close()


async def test_sockets_are_prepared_and_one_ping_is_too_few() -> None:
    relay = LoopbackRelay().open()
    prepared: list[socket.socket] = []
    await asyncio.wait_for(measure_relays([target(relay)], pings=2, interval_s=0.01, prepare=prepared.append), 5)
    assert len(prepared) == 1
    with pytest.raises(ValueError, match="nothing to count"):
        await measure_relays([target(relay)], pings=1)
    assert await measure_relays([]) == []
    relay.close()


async def test_a_relay_that_claims_to_have_held_the_ping_does_not_look_nearer() -> None:
    relay = LoopbackRelay().open()
    honest = relay.send
    held_s = 0.02

    def flattering(out: list[tuple[bytes, tuple[str, int]]]) -> None:
        for datagram, address in out:
            reply = read_probe_reply(datagram)
            assert isinstance(reply, ProbeReply)
            stamps = struct.pack(">QQ", reply.t2_us, reply.t3_us)
            forged = datagram.replace(stamps, struct.pack(">QQ", reply.t2_us - 20_000, reply.t3_us))
            assert forged != datagram
            asyncio.get_running_loop().call_later(held_s, honest, [(forged, address)])

    relay.send = flattering  # type: ignore[method-assign]  # the lie
    (found,) = await measure_relays([target(relay)], pings=4, interval_s=0.03)
    assert found.rtt_ms is not None
    assert found.rtt_ms >= held_s * 1000
    relay.close()
