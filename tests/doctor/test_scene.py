"""What the checks share."""

from pathlib import Path

from plg.doctor.scene import PingedRelay
from support.doctor_scene import scene_at
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay


async def test_relays_are_asked_once_and_the_nearest_is_known(tmp_path: Path) -> None:
    relay, silent = LoopbackRelay().open(), LoopbackRelay().open()
    with serving(Script({"GET /v1/games": [json_answer(b"{}")]}).app()) as url:
        scene = scene_at(tmp_path, url=url, relays={"near": relay, "silent": silent})
        nodes = await scene.nodes.get()
        silent.close()
        found = await scene.relays.get()
    relay.close()
    assert {one.node.id: one.ping.rtt_ms is not None for one in found} == {"near": True, "silent": False}
    nearest = await scene.nearest_relay()
    assert isinstance(nearest, PingedRelay)
    assert (nearest.node.id, len(nodes)) == ("near", 2)


async def test_a_server_that_does_not_answer_is_not_asked_for_relays(tmp_path: Path) -> None:
    relay = LoopbackRelay().open()
    scene = scene_at(tmp_path, url="http://127.0.0.1:1", relays={"near": relay})
    assert await scene.nodes.get() == []
    relay.close()


async def test_without_relays_there_is_no_nearest_and_nothing_to_trace(tmp_path: Path) -> None:
    scene = scene_at(tmp_path)
    assert await scene.nearest_relay() is None
    assert await scene.trace.get() is None


def test_files_of_the_system_are_looked_for_below_the_root(tmp_path: Path) -> None:
    assert scene_at(tmp_path).file("/proc/net/wireless") == tmp_path / "proc/net/wireless"
