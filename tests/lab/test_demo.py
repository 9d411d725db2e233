"""The demonstration tells what the game saw, no more."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from plg.contract.cli_output import DemoLiveDocument, DemoSide
from plg.lab.demo import live_document, namespaces_possible, run_demo, side_of, verdict
from plg.lab.namespaces import NETNS_DIRECTORY
from support.requirements import require_binary, require_linux, require_root


def side(rtt_ms: float | None, loss_percent: float | None = 0.0) -> DemoSide:
    return DemoSide(rtt_ms_p50=rtt_ms, rtt_ms_p95=rtt_ms, jitter_ms=1.0, loss_percent=loss_percent, packets=100)


def test_the_verdict_says_better_worse_or_nothing() -> None:
    assert verdict(side(91.0, 2.0), side(61.0, 0.0)) == "PLG: 30.0 ms lower ping, 0.0 % loss instead of 2.0 %"
    assert verdict(side(20.0), side(25.5)) == "PLG: 5.5 ms higher ping, 0.0 % loss instead of 0.0 %"
    assert verdict(side(None, None), side(25.5)) == "not measured: a player got no answer"


def test_what_was_not_measured_is_null() -> None:
    assert side_of(None) == DemoSide(rtt_ms_p50=None, rtt_ms_p95=None, jitter_ms=None, loss_percent=None, packets=0)
    live = live_document(1.04, None, {"player": {"loss_percent": None}, "recent_rtt_ms": 60.123})
    assert (live.elapsed_s, live.direct_rtt_ms, live.boosted_rtt_ms, live.boosted_loss_percent) == (
        1.0,
        None,
        60.12,
        None,
    )


def test_a_players_report_becomes_a_side() -> None:
    report = {"player": {"rtt_ms_p50": 61.234, "rtt_ms_p95": 63, "jitter_ms": 0.5, "loss_percent": 0, "packets_up": 3}}
    assert side_of(report) == DemoSide(rtt_ms_p50=61.23, rtt_ms_p95=63.0, jitter_ms=0.5, loss_percent=0.0, packets=3)


def test_without_root_there_are_no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    require_linux()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not namespaces_possible()


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "in_namespaces", [False, pytest.param(True, marks=pytest.mark.netns)], ids=["loopback", "namespaces"]
)
async def test_the_whole_product_beats_the_bad_line_and_leaves_nothing_behind(
    in_namespaces: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_linux()
    if in_namespaces:
        require_root()
        require_binary("ip")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    shown: list[DemoLiveDocument] = []
    document = await run_demo(6, in_namespaces=in_namespaces, show=shown.append)
    assert len(shown) >= 5
    assert document.direct.rtt_ms_p50 == pytest.approx(90, abs=12)
    assert document.boosted.rtt_ms_p50 == pytest.approx(60, abs=12)
    assert document.direct.loss_percent is not None
    assert document.direct.loss_percent > 0
    assert document.boosted.loss_percent == 0
    assert document.boosted.packets > 500
    assert (document.capture == "proxy") is not in_namespaces
    assert leftovers(tmp_path) == []


@pytest.mark.timeout(100)
async def test_a_demonstration_that_is_broken_off_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_linux()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    task = asyncio.ensure_future(run_demo(60, in_namespaces=False, show=lambda _: None))
    started_s = time.monotonic()
    async with asyncio.timeout(30):
        while not list(tmp_path.glob("*/server/server.port")):  # noqa: ASYNC110, ASYNC240 - written by another process
            await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - started_s < 60
    assert leftovers(tmp_path) == []


def leftovers(temporary: Path) -> list[str]:
    """Temporary files, namespaces of this process, and processes that were given a path among those files."""
    files = [path.name for path in temporary.iterdir()]
    namespaces = list(NETNS_DIRECTORY.iterdir()) if NETNS_DIRECTORY.is_dir() else []
    mark = os.fsencode(temporary)
    processes = [path.parent.name for path in Path("/proc").glob("[0-9]*/cmdline") if mark in read_if_there(path)]
    return [
        *files,
        *(path.name for path in namespaces if path.name.startswith(f"plg{os.getpid()}x")),
        *(f"process {pid}" for pid in processes),
    ]


def read_if_there(path: Path) -> bytes:
    """A process may end while its entry is read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
