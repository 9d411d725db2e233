"""Where on the way trouble begins: router, provider, the net beyond, relay or game, all measured in the same seconds.

A router that does not like to answer looks as if it lost packets. So a place counts as troubled only when everything behind it is
troubled as well: packets that pass through it to the end were not lost there.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from plg.contract.games import GameDetail
from plg.doctor.codes import Code
from plg.doctor.finding import Fact, Finding, Verdict, ms
from plg.doctor.scene import Scene
from plg.doctor.wireless import look
from plg.probe.direct_ping import ICMP, DirectPing, measure
from plg.probe.relay_ping import measure_relays
from plg.probe.route_trace import RouteTrace, TraceUnavailable
from plg.tunnel.relay_survey import relay_target

LINE: Final = "line"

PINGS: Final = 25
INTERVAL_S: Final = 0.2
"""Implementation. Five seconds, some 25 pings: one lost is 4 %, and a Wi-Fi that scans for networks every few seconds is caught."""
LOSS_PERCENT: Final = 6.0
"""Implementation. Two of 25 lost; one may be chance."""
NEAR_JITTER_MS: Final = 6.0
"""Implementation. Between a machine and its own router; a cable has below one."""
FAR_JITTER_MS: Final = 15.0
GATEWAY_TCP_PORT: Final = 53
"""Implementation. Where ICMP is forbidden to us: most routers answer for names, or refuse, and both are answers."""


class Spot(StrEnum):
    """Places on the way, nearest first. Relay and game lie on different branches behind the provider."""

    ROUTER = "router"
    PROVIDER = "provider"
    RELAY = "relay"
    GAME = "game"


@dataclass(frozen=True, slots=True)
class Measured:
    """One place. `rtt_ms` None: nothing answered at all, which says nothing of routers and much of relays."""

    spot: Spot
    host: str
    rtt_ms: float | None
    jitter_ms: float | None
    loss_percent: float

    @property
    def is_troubled(self) -> bool:
        """By loss or by jitter."""
        if self.rtt_ms is None:
            return self.spot is Spot.RELAY
        limit_ms = NEAR_JITTER_MS if self.spot is Spot.ROUTER else FAR_JITTER_MS
        return self.loss_percent >= LOSS_PERCENT or (self.jitter_ms or 0.0) > limit_ms


async def check_line(scene: Scene) -> Finding:
    """Measures the places side by side for five seconds and says where trouble begins."""
    if (await scene.visit.get()).status is None:
        return Finding(LINE, Verdict.UNKNOWN, Code.NO_SERVER)
    try:
        trace = await scene.trace.get()
    except (TraceUnavailable, OSError):
        trace = None
    router, provider = first_routers(trace)
    game = await scene.server.game(scene.place.game) if scene.place.game is not None else None
    asked = [
        *([_router(scene, Spot.ROUTER, router)] if router is not None else []),
        *([_router(scene, Spot.PROVIDER, provider)] if provider is not None else []),
        _relay(scene),
        *([_game(scene, game)] if game is not None else []),
    ]
    measured = [found for found in await asyncio.gather(*asked) if found is not None]
    _, signal = await asyncio.to_thread(look, scene)
    return judge_line(measured, is_wireless=signal is not None)


def judge_line(measured: Sequence[Measured], *, is_wireless: bool) -> Finding:
    """The verdict on one measurement."""
    facts: dict[str, Fact] = {}
    for place in measured:
        if place.rtt_ms is not None:
            facts[f"{place.spot}_ms"] = ms(place.rtt_ms)
            facts[f"{place.spot}_jitter_ms"] = ms(place.jitter_ms or 0.0)
            facts[f"{place.spot}_loss_percent"] = round(place.loss_percent, 1)
    by_spot = {place.spot: place for place in measured if place.rtt_ms is not None or place.spot is Spot.RELAY}
    ends = [by_spot[spot] for spot in (Spot.RELAY, Spot.GAME) if spot in by_spot]
    if not any(place.rtt_ms is not None for place in ends):
        return Finding(LINE, Verdict.UNKNOWN, Code.LINE_NOT_MEASURED, facts)
    bad = [place for place in ends if place.is_troubled]
    if not bad:
        return Finding(LINE, Verdict.OK, Code.LINE_CLEAN, facts)
    # What is bad at every end may have begun earlier, and began at the nearest place from which on everything is bad.
    code = Code.LINE_TROUBLE_RELAY if bad[0].spot is Spot.RELAY else Code.LINE_TROUBLE_GAME
    worst = bad[0]
    if len(bad) == len(ends):
        router, provider = by_spot.get(Spot.ROUTER), by_spot.get(Spot.PROVIDER)
        if router is not None and router.is_troubled and (provider is None or provider.is_troubled):
            code, worst = (Code.LINE_TROUBLE_WIFI if is_wireless else Code.LINE_TROUBLE_ROUTER), router
        elif provider is not None and provider.is_troubled:
            code, worst = Code.LINE_TROUBLE_PROVIDER, provider
        elif len(ends) > 1:
            code = Code.LINE_TROUBLE_BEYOND
    facts |= {"loss_percent": round(worst.loss_percent, 1), "jitter_ms": ms(worst.jitter_ms or 0.0)}
    return Finding(LINE, Verdict.FAIL if worst.loss_percent >= 2 * LOSS_PERCENT else Verdict.WARN, code, facts)


def first_routers(trace: RouteTrace | None) -> tuple[str | None, str | None]:
    """The nearest router, and the first one with a public address that is another; the end of the way is neither."""
    if trace is None:
        return None, None
    hops = [hop for hop in trace.hops if hop.address is not None and hop.address != trace.address]
    router = next((hop.address for hop in hops if hop.number == 1), None)
    public = (
        hop.address for hop in hops if hop.number > 1 and ip_address((hop.address or "").partition("%")[0]).is_global
    )
    return router, next(public, None)


async def _router(scene: Scene, spot: Spot, host: str) -> Measured | None:
    port = GATEWAY_TCP_PORT if spot is Spot.ROUTER else None
    ping = await measure(host, ICMP, port, pings=PINGS, interval_s=INTERVAL_S, timeout_s=1.0, prepare=scene.prepare)
    return _of(spot, host, ping)


async def _relay(scene: Scene) -> Measured | None:
    relay = await scene.nearest_relay()
    target = relay_target(relay.node) if relay is not None else None
    if relay is None or target is None:
        return None
    (ping,) = await measure_relays([target], pings=PINGS, interval_s=INTERVAL_S, prepare=scene.prepare)
    return Measured(Spot.RELAY, relay.node.host, ping.rtt_ms, ping.jitter_ms, ping.loss_percent)


async def _game(scene: Scene, game: GameDetail) -> Measured | None:
    """The first host that a region of the game names."""
    ping = next((ping for region in game.regions for ping in region.ping), None)
    if ping is None:
        return None
    found = await measure(ping.host, ping.method, ping.port, pings=PINGS, interval_s=INTERVAL_S, prepare=scene.prepare)
    return _of(Spot.GAME, ping.host, found)


def _of(spot: Spot, host: str, ping: DirectPing) -> Measured | None:
    return None if ping.method is None else Measured(spot, host, ping.rtt_ms, ping.jitter_ms, ping.loss_percent)
