"""Measuring hosts near game servers."""

import asyncio
import socket
import time

from plg.contract.relay_control import ProbeTarget
from plg_relay.game_probes import MAX_TARGETS, ROUNDS, STALE_AFTER_S, GameProbes, TargetHistory


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


def history(*rounds: float | None, step_s: float = 60.0) -> TargetHistory:
    """Rounds a minute apart; the last one is now, which is second 0."""
    found = TargetHistory()
    for number, rtt_ms in enumerate(rounds):
        at_s = -step_s * (len(rounds) - 1 - number)
        found.rounds.append((at_s, rtt_ms, 100.0 if rtt_ms is None else 0.0))
    return found


def test_one_odd_round_is_damped_and_a_new_route_is_told_within_minutes() -> None:
    odd = history(20.0, 20.0, 20.0, 60.0).figure("t", 0.0)
    moved = history(20.0, 20.0, 60.0, 60.0, 60.0, 60.0, 60.0).figure("t", 0.0)
    assert odd is not None
    assert moved is not None
    assert odd.rtt_ms == 36.0
    assert moved.rtt_ms is not None
    assert 56.0 < moved.rtt_ms < 60.0
    assert (moved.rtt_p95_ms, odd.rtt_p95_ms) == (60.0, None), "few rounds tell no percentile"


def test_a_target_is_silent_after_three_rounds_without_an_answer_not_after_one() -> None:
    once = history(20.0, 20.0, None).figure("t", 0.0)
    thrice = history(20.0, None, None, None).figure("t", 0.0)
    assert once is not None
    assert thrice is not None
    assert (once.rtt_ms, round(once.loss_percent, 1), once.age_s) == (20.0, 33.3, 60.0)
    assert (thrice.rtt_ms, thrice.loss_percent) == (None, 75.0)


def test_old_rounds_are_not_told() -> None:
    assert history(20.0).figure("t", STALE_AFTER_S + 1) is None
    long = history(*[float(number) for number in range(ROUNDS * 2)])
    assert len(long.rounds) == ROUNDS
