"""Bufferbloat: the verdict, and a bounded burst for real."""

import socket
from pathlib import Path

import pytest

from plg.doctor.finding import Verdict
from plg.doctor.load_delay import Loaded, check_load, hop_limit, judge_load, send_load
from plg.probe.route_trace import Hop, RouteTrace
from support.doctor_scene import scene_at
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay


@pytest.mark.parametrize(
    ("loaded_ms", "code", "verdict"),
    [
        (25.0, "load_steady", Verdict.OK),
        (55.0, "load_delays", Verdict.WARN),
        (300.0, "load_delays_badly", Verdict.FAIL),
        (None, "load_delays_badly", Verdict.FAIL),
    ],
)
def test_the_added_delay_decides(loaded_ms: float | None, code: str, verdict: Verdict) -> None:
    found = judge_load(Loaded(20.0, loaded_ms, 0.0, 2_500_000, 2.0))
    assert (found.code, found.verdict, found.facts["sent_mbit_per_s"]) == (code, verdict, 10.0)


def test_the_load_ends_at_the_providers_first_router() -> None:
    hops = (Hop(1, "192.168.1.1"), Hop(2, "100.64.0.1"), Hop(3, None), Hop(4, "93.184.216.1"))
    assert hop_limit(RouteTrace("r", "93.184.216.9", "udp", hops, True)) == 4
    assert hop_limit(RouteTrace("r", "127.0.0.1", "udp", (Hop(1, "127.0.0.1"),), True)) == 1
    assert hop_limit(None) == 3


async def test_the_burst_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.doctor.load_delay.LOAD_S", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        monkeypatch.setattr("plg.doctor.load_delay.DISCARD_PORT", sink.getsockname()[1])
        sent_bytes, seconds = await send_load("127.0.0.1", 1, lambda _socket: None)
    assert 0 < sent_bytes <= 40_000_000 / 8 * 0.5
    assert 0.2 <= seconds < 5


async def test_a_relay_on_this_machine_is_pinged_idle_and_under_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg.doctor.load_delay.LOAD_S", 0.5)
    monkeypatch.setattr("plg.doctor.load_delay.INTERVAL_S", 0.01)
    relay = LoopbackRelay().open()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.bind(("127.0.0.1", 0))
        monkeypatch.setattr("plg.doctor.load_delay.DISCARD_PORT", sink.getsockname()[1])
        with serving(Script({"GET /v1/games": [json_answer(b"{}")]}).app()) as url:
            found = await check_load(scene_at(tmp_path, url=url, relays={"near": relay}))
    relay.close()
    assert found.code.startswith("load_")
    assert float(found.facts["sent_mbit_per_s"]) > 0


async def test_without_a_server_nothing_is_sent(tmp_path: Path) -> None:
    assert (await check_load(scene_at(tmp_path, url="http://127.0.0.1:1"))).code == "no_server"
