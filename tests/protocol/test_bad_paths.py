"""The fault list for one path in fake time: what is not lost arrives once, and the session outlives every fault."""

from collections.abc import Callable
from random import Random

import pytest

from plg.protocol.client_session import SessionState
from plg.protocol.events import PayloadReceived
from support.protocol_pair import Pair

SECONDS = 60.0
TICK_S = 1 / 64


def independent(rate: float) -> Callable[[float, Random], bool]:
    return lambda _now, random: random.random() >= rate


def bursts(length_s: float, every_s: float = 1.0) -> Callable[[float, Random], bool]:
    return lambda now, _random: now % every_s >= length_s


def blackhole(first_s: float, last_s: float) -> Callable[[float, Random], bool]:
    return lambda now, _random: not first_s <= now < last_s


FAULTS = {
    "1 % lost": (independent(0.01), 0.02),
    "5 % lost": (independent(0.05), 0.07),
    "bursts of 10 ms": (bursts(0.010), 0.02),
    "bursts of 20 ms": (bursts(0.020), 0.04),
    "bursts of 50 ms": (bursts(0.050), 0.08),
    "nothing for 3 s": (blackhole(20.0, 23.0), 0.06),
}


@pytest.mark.parametrize("way", ["up", "down", "both"])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_lost_arrives_once_and_in_order(fault: str, way: str) -> None:
    arrives, most_lost = FAULTS[fault]
    pair = Pair().established()
    random = Random(1)
    pair.send(b"open")
    pair.run(0.1)
    if way != "down":
        pair.up_fate = lambda _datagram, _is_hello: arrives(pair.now, random)
    if way != "up":
        pair.down_fate = lambda _datagram, _is_hello: arrives(pair.now, random)
    pair.up_payloads.clear()
    ticks = int(SECONDS / TICK_S)
    for number in range(ticks):
        assert pair.send(b"up %d" % number)
        pair.reply(1, b"down %d" % number)
        pair.run(TICK_S)
    pair.up_fate = pair.down_fate = lambda _datagram, _is_hello: True
    pair.run(2.0)
    came_up = [int(payload.split()[1]) for _, payload in pair.up_payloads]
    came_down = [int(event.payload.split()[1]) for event in pair.client_events if isinstance(event, PayloadReceived)]
    for came, is_bad in ((came_up, way != "down"), (came_down, way != "up")):
        assert came == sorted(set(came)), "once and in order"
        lost = 1 - len(came) / ticks
        assert lost <= most_lost if is_bad else lost == 0
    assert pair.client.state is SessionState.ESTABLISHED
    assert pair.send(b"after it all")
    pair.run(0.5)
    assert pair.up_payloads[-1][1] == b"after it all"


def test_a_path_that_becomes_80_ms_longer_loses_nothing_and_shows() -> None:
    pair = Pair().established()
    pair.send(b"open")
    pair.run(1.0)
    pair.up_payloads.clear()
    for number in range(1000):
        if number == 300:
            pair.delay_s += 0.040
        pair.send(b"%d" % number)
        pair.run(TICK_S)
    pair.run(0.5)
    assert [int(payload) for _, payload in pair.up_payloads] == list(range(1000))
    rtt_ms = pair.client.numbers(pair.now).rtt_ms
    assert rtt_ms is not None
    assert 95 <= rtt_ms <= 105
