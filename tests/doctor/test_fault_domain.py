"""Where trouble begins: the verdict on measurements, and one measurement for real."""

from pathlib import Path

import pytest

from plg.doctor.fault_domain import Measured, Spot, check_line, first_routers, judge_line
from plg.doctor.finding import Verdict
from plg.probe.route_trace import Hop, RouteTrace
from support.doctor_scene import scene_at
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay

CLEAN = (1.0, 0.2, 0.0)
LOSSY = (20.0, 1.0, 12.0)
SHAKY = (30.0, 40.0, 0.0)
SILENT = (None, None, 100.0)
Numbers = tuple[float | None, float | None, float]


def line(**spots: Numbers) -> list[Measured]:
    return [Measured(Spot(name), "192.0.2.1", *numbers) for name, numbers in spots.items()]


@pytest.mark.parametrize(
    ("spots", "code"),
    [
        ({"router": CLEAN, "provider": CLEAN, "relay": CLEAN, "game": CLEAN}, "line_clean"),
        ({"router": LOSSY, "provider": LOSSY, "relay": LOSSY, "game": LOSSY}, "line_trouble_router"),
        ({"router": SHAKY, "provider": SHAKY, "relay": SHAKY}, "line_trouble_router"),
        ({"router": CLEAN, "provider": LOSSY, "relay": LOSSY, "game": LOSSY}, "line_trouble_provider"),
        ({"router": CLEAN, "provider": CLEAN, "relay": LOSSY, "game": SHAKY}, "line_trouble_beyond"),
        ({"router": CLEAN, "provider": CLEAN, "relay": LOSSY, "game": CLEAN}, "line_trouble_relay"),
        ({"router": CLEAN, "provider": CLEAN, "relay": CLEAN, "game": LOSSY}, "line_trouble_game"),
        ({"relay": CLEAN}, "line_clean"),
        ({"relay": LOSSY}, "line_trouble_relay"),
        ({"router": CLEAN, "relay": SILENT}, "line_not_measured"),
        ({"router": CLEAN, "relay": SILENT, "game": CLEAN}, "line_trouble_relay"),
    ],
)
def test_the_nearest_place_from_which_on_everything_is_bad_is_named(spots: dict[str, Numbers], code: str) -> None:
    assert judge_line(line(**spots), is_wireless=False).code == code


def test_routers_that_dislike_to_answer_are_not_accused() -> None:
    """What passes through them to the end unharmed was not lost there."""
    assert judge_line(line(router=LOSSY, provider=LOSSY, relay=CLEAN), is_wireless=False).code == "line_clean"
    assert judge_line(line(router=LOSSY, provider=CLEAN, relay=LOSSY), is_wireless=False).code == "line_trouble_relay"
    assert judge_line(line(router=LOSSY, provider=SILENT, relay=LOSSY), is_wireless=False).code == "line_trouble_router"


def test_a_bad_first_step_over_the_air_is_the_wifis() -> None:
    found = judge_line(line(router=LOSSY, relay=LOSSY), is_wireless=True)
    assert (found.code, found.verdict) == ("line_trouble_wifi", Verdict.FAIL)
    assert (found.facts["loss_percent"], found.facts["router_ms"], found.facts["relay_ms"]) == (12.0, 20.0, 20.0)


def test_the_routers_of_a_trace_are_the_first_one_and_the_first_public_one() -> None:
    hops = (Hop(1, "192.168.1.1"), Hop(2, None), Hop(3, "100.64.0.1"), Hop(4, "93.184.216.1"), Hop(5, "93.184.216.9"))
    assert first_routers(RouteTrace("r", "93.184.216.9", "udp", hops, True)) == ("192.168.1.1", "93.184.216.1")
    assert first_routers(RouteTrace("r", "127.0.0.1", "udp", (Hop(1, "127.0.0.1"),), True)) == (None, None)
    assert first_routers(None) == (None, None)


async def test_on_loopback_the_line_is_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.doctor.fault_domain.INTERVAL_S", 0.02)
    relay = LoopbackRelay().open()
    with serving(Script({"GET /v1/games": [json_answer(b"{}")]}).app()) as url:
        found = await check_line(scene_at(tmp_path, url=url, relays={"near": relay}, game="openarena"))
    relay.close()
    assert found.code in {"line_clean", "line_trouble_relay"}  # a busy machine may shake
    assert float(found.facts["relay_ms"]) < 200


async def test_without_a_server_nothing_can_be_measured(tmp_path: Path) -> None:
    assert (await check_line(scene_at(tmp_path, url="http://127.0.0.1:1"))).code == "no_server"
