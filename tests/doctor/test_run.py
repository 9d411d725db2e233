"""Checks side by side: time limits, crashes, order."""

import asyncio
import time
from pathlib import Path

import pytest

from plg.doctor.finding import Finding, Verdict
from plg.doctor.run import Check, run_check, run_checks
from plg.doctor.scene import Scene
from support.doctor_scene import scene_at


def answering(name: str, after_s: float = 0.0) -> Check:
    async def run(_scene: Scene) -> Finding:
        await asyncio.sleep(after_s)
        return Finding(name, Verdict.OK, "fine")

    return Check(name, run, 5.0)


def crashing(name: str, error: Exception) -> Check:
    async def run(_scene: Scene) -> Finding:
        raise error

    return Check(name, run, 5.0)


async def test_a_check_that_crashes_is_unknown_and_ends_nobody_else(tmp_path: Path) -> None:
    checks = [answering("a"), crashing("b", ZeroDivisionError("division\nby zero")), answering("c", 0.01)]
    found = await run_checks(checks, scene_at(tmp_path))
    assert [(one.check, one.verdict, one.code) for one in found] == [
        ("a", Verdict.OK, "fine"),
        ("b", Verdict.UNKNOWN, "check_crashed"),
        ("c", Verdict.OK, "fine"),
    ]
    assert found[1].facts == {"why": "ZeroDivisionError: division by zero"}


async def test_a_check_has_so_much_time_and_no_more(tmp_path: Path) -> None:
    slow = answering("slow", 30.0)
    began_s = time.monotonic()
    found = await run_check(Check("slow", slow.run, 0.05), scene_at(tmp_path))
    assert (found.verdict, found.code, found.facts) == (Verdict.UNKNOWN, "check_timed_out", {"limit_s": 0.05})
    assert time.monotonic() - began_s < 5


async def test_a_time_out_inside_a_check_is_not_taken_for_its_own_limit(tmp_path: Path) -> None:
    found = await run_check(crashing("x", TimeoutError("inner")), scene_at(tmp_path))
    assert found.code == "check_crashed"


async def test_findings_are_told_as_they_come_and_given_back_in_their_order(tmp_path: Path) -> None:
    told: list[str] = []
    found = await run_checks(
        [answering("slow", 0.05), answering("quick")], scene_at(tmp_path), lambda one: told.append(one.check)
    )
    assert (told, [one.check for one in found]) == (["quick", "slow"], ["slow", "quick"])


async def test_what_disturbs_the_others_runs_after_them(tmp_path: Path) -> None:
    told: list[str] = []
    alone = answering("alone")
    checks = [Check("alone", alone.run, 5.0, alone=True), answering("other", 0.03)]
    await run_checks(checks, scene_at(tmp_path), lambda one: told.append(one.check))
    assert told == ["other", "alone"]


async def test_ctrl_c_is_not_swallowed(tmp_path: Path) -> None:
    task = asyncio.ensure_future(run_check(answering("slow", 5.0), scene_at(tmp_path)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
