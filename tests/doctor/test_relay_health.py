"""UDP to the relays."""

from pathlib import Path

from plg.doctor.finding import Verdict
from plg.doctor.relay_health import check_relays, judge_relays
from support.doctor_scene import pinged, scene_at
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay


async def test_a_relay_that_answers_and_one_that_does_not(tmp_path: Path) -> None:
    near, silent = LoopbackRelay().open(), LoopbackRelay().open()
    with serving(Script({"GET /v1/games": [json_answer(b"{}")]}).app()) as url:
        scene = scene_at(tmp_path, url=url, relays={"near": near, "silent": silent})
        await scene.nodes.get()
        silent.close()
        found = await check_relays(scene)
    near.close()
    assert (found.verdict, found.code) == (Verdict.WARN, "relays_some_silent")
    assert {**found.facts, "rtt_ms": 0, "loss_percent": 0} == {
        "asked": 2,
        "answered": 1,
        "nearest": "Near",
        "rtt_ms": 0,
        "loss_percent": 0,
        "silent": "Silent",
    }


async def test_without_a_server_no_relay_is_known(tmp_path: Path) -> None:
    assert (await check_relays(scene_at(tmp_path, url="http://127.0.0.1:1"))).code == "no_server"


def test_all_silent_means_that_udp_is_blocked_and_none_listed_that_the_server_has_none() -> None:
    assert judge_relays(2, [pinged("a", None), pinged("b", None)]).code == "relays_all_silent"
    assert judge_relays(0, []).code == "relays_none_listed"
    assert judge_relays(3, []).code == "relays_no_tokens"


def test_the_nearest_is_named_and_its_loss_is_worth_a_word() -> None:
    found = judge_relays(2, [pinged("far", 80.0), pinged("near", 21.26)])
    assert (found.verdict, found.facts["nearest"], found.facts["rtt_ms"]) == (Verdict.OK, "near", 21.0)
    assert judge_relays(1, [pinged("near", 20.0, loss_percent=11.1)]).code == "relays_lossy"


def test_many_silent_relays_are_counted_and_not_listed() -> None:
    found = judge_relays(9, [pinged("near", 9.0), *(pinged(f"r{number}", None) for number in range(8))])
    assert found.facts["silent"] == "r0, r1, r2, r3, r4 +3"
