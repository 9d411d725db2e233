"""UDP to each relay: LPING and its answers, over the same port and the same network as a game's packets."""

from collections.abc import Sequence
from typing import Final

from plg.doctor.codes import Code
from plg.doctor.finding import Fact, Finding, Verdict, ms
from plg.doctor.scene import PingedRelay, Scene

RELAYS: Final = "relays"
LOSSY_PERCENT: Final = 5.0
"""Implementation. Nine pings: one lost is 11 %, so one lost ping of the best relay is worth a word."""
MAX_NAMED: Final = 5


async def check_relays(scene: Scene) -> Finding:
    """Who of the relays answers, and the nearest of them."""
    if (await scene.visit.get()).status is None:
        return Finding(RELAYS, Verdict.UNKNOWN, Code.NO_SERVER)
    listed = len(await scene.nodes.get())
    return judge_relays(listed, await scene.relays.get())


def judge_relays(listed: int, relays: Sequence[PingedRelay]) -> Finding:
    """`listed` by the server, of which `relays` could be asked (the server gives tokens to who is logged in)."""
    if not listed:
        return Finding(RELAYS, Verdict.FAIL, Code.RELAYS_NONE_LISTED)
    if not relays:
        return Finding(RELAYS, Verdict.UNKNOWN, Code.RELAYS_NO_TOKENS, {"listed": listed})
    answering = sorted(
        (relay.ping.rtt_ms, relay.node.name, relay.ping.loss_percent)
        for relay in relays
        if relay.ping.rtt_ms is not None
    )
    silent = [relay.node.name for relay in relays if relay.ping.rtt_ms is None]
    facts: dict[str, Fact] = {"asked": len(relays), "answered": len(answering)}
    if not answering:
        return Finding(RELAYS, Verdict.FAIL, Code.RELAYS_ALL_SILENT, facts)
    rtt_ms, name, loss_percent = answering[0]
    facts |= {"nearest": name, "rtt_ms": ms(rtt_ms), "loss_percent": round(loss_percent, 1)}
    if silent:
        more = f" +{len(silent) - MAX_NAMED}" if len(silent) > MAX_NAMED else ""
        facts["silent"] = ", ".join(silent[:MAX_NAMED]) + more
        return Finding(RELAYS, Verdict.WARN, Code.RELAYS_SOME_SILENT, facts)
    if loss_percent > LOSSY_PERCENT:
        return Finding(RELAYS, Verdict.WARN, Code.RELAYS_LOSSY, facts)
    return Finding(RELAYS, Verdict.OK, Code.RELAYS_ANSWER, facts)
