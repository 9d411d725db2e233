"""Bufferbloat: how much longer a ping takes while this machine sends as fast as its line takes it.

The load is a short, bounded burst of our own datagrams towards the relay. Their hop limit ends them at the first router of the provider,
behind the slow line of the house, so that neither the relay nor the wide net carries them. Only when it was asked for.
"""

import asyncio
import secrets
import socket
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from plg.doctor.codes import Code
from plg.doctor.finding import Fact, Finding, Verdict, ms
from plg.doctor.scene import Scene, SocketPreparation
from plg.probe.relay_ping import measure_relays
from plg.probe.route_trace import RouteTrace, TraceUnavailable
from plg.tunnel.relay_survey import relay_target

LOAD: Final = "bufferbloat"

LOAD_S: Final = 2.5
LOAD_BIT_PER_S: Final = 40_000_000
"""Implementation. Above the uplink of most homes; a faster line is told as not filled."""
DATAGRAM_BYTES: Final = 1200
BURST_EVERY_S: Final = 0.005
MAX_BURST: Final = 64
"""Implementation. Datagrams in a row: half a millisecond, so that our own pings are not kept waiting."""
SETTLE_S: Final = 0.3
"""Implementation. A queue takes a moment to fill: pings before that would make the median look better."""
PINGS: Final = 20
INTERVAL_S: Final = 0.1
DELAY_WARN_MS: Final = 30.0
DELAY_FAIL_MS: Final = 100.0
"""Implementation. The bounds between good, fair and bad of the usual bufferbloat grades."""
DISCARD_PORT: Final = 9


@dataclass(frozen=True, slots=True)
class Loaded:
    """Medians without and under load, the loss under load, and how much was sent."""

    idle_ms: float
    loaded_ms: float | None
    loss_percent: float
    sent_bytes: int
    seconds: float


async def check_load(scene: Scene) -> Finding:
    """Pings the nearest relay at rest and under load."""
    if (await scene.visit.get()).status is None:
        return Finding(LOAD, Verdict.UNKNOWN, Code.NO_SERVER)
    relay = await scene.nearest_relay()
    target = relay_target(relay.node) if relay is not None else None
    if relay is None or target is None:
        return Finding(LOAD, Verdict.UNKNOWN, Code.NO_RELAY_ANSWERS)
    try:
        trace = await scene.trace.get()
    except (TraceUnavailable, OSError):
        trace = None
    (idle,) = await measure_relays([target], pings=PINGS, interval_s=INTERVAL_S, prepare=scene.prepare)
    if idle.rtt_ms is None:
        return Finding(LOAD, Verdict.UNKNOWN, Code.NO_RELAY_ANSWERS)
    async with asyncio.TaskGroup() as group:
        burst = group.create_task(send_load(relay.node.host, hop_limit(trace), scene.prepare))
        await asyncio.sleep(SETTLE_S)
        (loaded,) = await measure_relays([target], pings=PINGS, interval_s=INTERVAL_S, prepare=scene.prepare)
    sent_bytes, seconds = burst.result()
    return judge_load(Loaded(idle.rtt_ms, loaded.rtt_ms, loaded.loss_percent, sent_bytes, seconds))


def judge_load(loaded: Loaded) -> Finding:
    facts: dict[str, Fact] = {
        "idle_ms": ms(loaded.idle_ms),
        "sent_mbit_per_s": round(loaded.sent_bytes * 8 / 1e6 / max(loaded.seconds, 0.001), 1),
        "loss_percent": round(loaded.loss_percent, 1),
    }
    if loaded.loaded_ms is None:
        return Finding(LOAD, Verdict.FAIL, Code.LOAD_DELAYS_BADLY, {**facts, "loaded_ms": -1, "more_ms": -1})
    more_ms = max(0.0, loaded.loaded_ms - loaded.idle_ms)
    facts |= {"loaded_ms": ms(loaded.loaded_ms), "more_ms": ms(more_ms)}
    if more_ms > DELAY_FAIL_MS:
        return Finding(LOAD, Verdict.FAIL, Code.LOAD_DELAYS_BADLY, facts)
    if more_ms > DELAY_WARN_MS:
        return Finding(LOAD, Verdict.WARN, Code.LOAD_DELAYS, facts)
    return Finding(LOAD, Verdict.OK, Code.LOAD_STEADY, facts)


def hop_limit(trace: RouteTrace | None) -> int:
    """The distance of the provider's first router; without one it is where a provider's first router usually stands."""
    if trace is None:
        return 3
    for hop in trace.hops:
        if hop.address is not None and hop.number > 1 and ip_address(hop.address.partition("%")[0]).is_global:
            return hop.number
    return min(3, max(1, len(trace.hops)))


async def send_load(host: str, hops: int, prepare: SocketPreparation) -> tuple[int, float]:
    """Bytes (with headers) that the kernel took, and the seconds that it lasted. Never raises for the network."""
    found = await asyncio.get_running_loop().getaddrinfo(host, DISCARD_PORT, type=socket.SOCK_DGRAM)
    family, _, _, _, address = found[0]
    payload = secrets.token_bytes(DATAGRAM_BYTES)
    packet_bytes = DATAGRAM_BYTES + 28
    sent = 0
    began_s = time.monotonic()
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.setblocking(False)
        prepare(opened)
        if family == socket.AF_INET:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)
        else:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
        while (passed_s := time.monotonic() - began_s) < LOAD_S:
            due = int(LOAD_BIT_PER_S / 8 * passed_s) - sent  # what a busy machine was late with is made up for
            for _ in range(min(due // packet_bytes, MAX_BURST)):
                try:
                    opened.sendto(payload, address)
                except OSError:
                    break  # the queue of the interface is full: that is what was wanted
                sent += packet_bytes
            await asyncio.sleep(BURST_EVERY_S)
    return sent, time.monotonic() - began_s
