"""Running checks side by side, each within its time; a check that breaks says so and stops nobody else."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from plg.doctor.codes import Code
from plg.doctor.finding import Finding, Verdict
from plg.doctor.scene import Scene

MAX_ERROR_CHARS = 200


@dataclass(frozen=True, slots=True)
class Check:
    """One question to the machine or the network. `limit_s` bounds it; `opt_in`: only when asked for by name or by its own option;
    `alone`: it disturbs the others' measurements, so it runs after them.
    """

    id: str
    run: Callable[[Scene], Awaitable[Finding]]
    limit_s: float
    opt_in: bool = False
    alone: bool = False


async def run_checks(
    checks: Sequence[Check], scene: Scene, tell: Callable[[Finding], None] = lambda _finding: None
) -> list[Finding]:
    """One finding for each check, in their order; `tell` hears each as it comes."""
    found: dict[str, Finding] = {}

    async def one(check: Check) -> None:
        found[check.id] = finding = await run_check(check, scene)
        tell(finding)

    async with asyncio.TaskGroup() as group:
        for check in checks:
            if not check.alone:
                group.create_task(one(check))
    for check in checks:
        if check.alone:
            await one(check)
    return [found[check.id] for check in checks]


async def run_check(check: Check, scene: Scene) -> Finding:
    """The check's finding, or `unknown` with the reason. Only cancellation comes out of here."""
    began_s = time.monotonic()
    limit = asyncio.timeout(check.limit_s)
    try:
        async with limit:
            finding = await check.run(scene)
    except Exception as error:  # noqa: BLE001 - whatever breaks in one check must not end the doctor
        if isinstance(error, TimeoutError) and limit.expired():
            finding = Finding(check.id, Verdict.UNKNOWN, Code.CHECK_TIMED_OUT, {"limit_s": check.limit_s})
        else:
            text = f"{type(error).__name__}: {error}".replace("\n", " ")[:MAX_ERROR_CHARS]
            finding = Finding(check.id, Verdict.UNKNOWN, Code.CHECK_CRASHED, {"why": text})
    return replace(finding, seconds=round(time.monotonic() - began_s, 3))
