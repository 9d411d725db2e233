"""The demonstration: two players of one game on a bad line, one direct, one through the product; then who had it better."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plg.contract.cli_output import DemoDocument, DemoLiveDocument, DemoSide
from plg.lab.demo_stage import SIMULATED, Stage, loopback_stage, namespace_stage
from plg.lab.namespaces import Lab
from plg.lab.processes import LabError

LIVE_EVERY_S = 1.0
"""As often as the players report."""

TUN_DEVICE = Path("/dev/net/tun")
"""The lines in namespaces are made with it."""


def namespaces_possible() -> bool:
    """Whether the demonstration can use namespaces and the real capture here: tried, because root in a container may not."""
    if not TUN_DEVICE.exists():
        return False
    try:
        with Lab():
            return True
    except LabError:
        return False


async def run_demo(seconds: float, *, in_namespaces: bool, show: Callable[[DemoLiveDocument], None]) -> DemoDocument:
    """Play for `seconds`, calling `show` once a second, and compare.

    Leaves no process, namespace or file behind, also when cancelled. Raises LabError when a part does not start or ends early.
    """
    with tempfile.TemporaryDirectory(prefix="plg-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with namespace_stage(folder) if in_namespaces else loopback_stage(folder) as stage:
            capture = stage.capture()
            await _play(stage, seconds, show)
            direct, boosted = side_of(stage.direct.newest()), side_of(stage.boosted.newest())
    return DemoDocument(
        seconds=seconds,
        capture=capture,
        simulated=list(SIMULATED),
        direct=direct,
        boosted=boosted,
        verdict=verdict(direct, boosted),
    )


async def _play(stage: Stage, seconds: float, show: Callable[[DemoLiveDocument], None]) -> None:
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    while (elapsed_s := loop.time() - started_s) < seconds:
        await asyncio.sleep(min(LIVE_EVERY_S, seconds - elapsed_s))
        if stage.connection.process.poll() is not None:
            raise LabError(f"the tunnel ended: {stage.connection.said()}")
        show(live_document(loop.time() - started_s, stage.direct.newest(), stage.boosted.newest()))


def live_document(elapsed_s: float, direct: dict[str, Any] | None, boosted: dict[str, Any] | None) -> DemoLiveDocument:
    """The two players' newest reports, side by side."""

    def of(report: dict[str, Any] | None, *keys: str) -> float | None:
        value: Any = report
        for key in keys:
            value = None if value is None else value.get(key)
        return None if value is None else round(float(value), 2)

    return DemoLiveDocument(
        elapsed_s=round(elapsed_s, 1),
        direct_rtt_ms=of(direct, "recent_rtt_ms"),
        boosted_rtt_ms=of(boosted, "recent_rtt_ms"),
        direct_loss_percent=of(direct, "player", "loss_percent"),
        boosted_loss_percent=of(boosted, "player", "loss_percent"),
    )


def side_of(report: dict[str, Any] | None) -> DemoSide:
    """A player's report as one side of the comparison. Nothing measured is null, not zero."""
    player: dict[str, Any] = {} if report is None else report["player"]

    def number(key: str) -> float | None:
        value = player.get(key)
        return None if value is None else round(float(value), 2)

    return DemoSide(
        rtt_ms_p50=number("rtt_ms_p50"),
        rtt_ms_p95=number("rtt_ms_p95"),
        jitter_ms=number("jitter_ms"),
        loss_percent=number("loss_percent"),
        packets=int(player.get("packets_up", 0)) + int(player.get("packets_down", 0)),
    )


def verdict(direct: DemoSide, boosted: DemoSide) -> str:
    """One honest sentence: better, worse, or nothing to say."""
    if direct.rtt_ms_p50 is None or boosted.rtt_ms_p50 is None:
        return "not measured: a player got no answer"
    gain_ms = direct.rtt_ms_p50 - boosted.rtt_ms_p50
    ping = f"{abs(gain_ms):.1f} ms {'lower' if gain_ms >= 0 else 'higher'} ping"
    return f"PLG: {ping}, {boosted.loss_percent or 0:.1f} % loss instead of {direct.loss_percent or 0:.1f} %"
