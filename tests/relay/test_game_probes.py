"""Measuring hosts near game servers."""

import asyncio
import socket
import time

from plg.contract.relay_control import ProbeTarget
from plg_relay.game_probes import MAX_TARGETS, GameProbes


def a_target(port: int, name: str = "t", method: str = "tcp") -> ProbeTarget:
    return ProbeTarget(target_id=name, host="127.0.0.1", method=method, port=port)


async def measured(probes: GameProbes, count: int) -> None:
    deadline = time.monotonic() + 20
    while len(probes.measurements()) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_targets_are_measured_as_soon_as_they_are_named_and_forgotten_when_they_are_not() -> None:
    probes = GameProbes()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(probes.run())
            await asyncio.sleep(0.05)
            probes.set_targets([a_target(listener.getsockname()[1])])
            await measured(probes, 1)
            running.cancel()
    (result,) = probes.measurements()
    assert result.target_id == "t"
    assert result.rtt_ms is not None
    assert 0 < result.rtt_ms < 1000
    assert result.loss_percent == 0
    probes.set_targets([])
    assert probes.measurements() == []


async def test_what_cannot_be_measured_here_is_not_reported_as_lost() -> None:
    probes = GameProbes()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        good = a_target(listener.getsockname()[1], "good")
        probes.set_targets([a_target(1, "odd", method="carrier pigeon"), good])
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(probes.run())
            await measured(probes, 1)
            running.cancel()
    assert [result.target_id for result in probes.measurements()] == ["good"]


async def test_the_number_of_targets_is_bounded() -> None:
    probes = GameProbes()
    probes.set_targets([a_target(1, f"t{number}") for number in range(MAX_TARGETS * 2)])
    assert len(probes._targets) == MAX_TARGETS
