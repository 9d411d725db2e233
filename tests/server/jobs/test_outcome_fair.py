"""The daily job: only where the operator switched it on. What it does: services/test_outcome_fair.py."""

from datetime import timedelta
from typing import Any

import pytest

from plg_server.background import BackgroundJobs
from plg_server.ids import utc_now
from plg_server.jobs import outcome_fair
from support.api_driver import StartServer
from support.operator_world import operator_world


@pytest.mark.parametrize(
    ("switch", "billing", "runs"), [(True, "on", True), (False, "on", False), (True, "off", False)]
)
async def test_it_runs_only_where_it_is_switched_on(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, switch: bool, billing: str, runs: bool
) -> None:
    shared: list[tuple[timedelta, str]] = []
    monkeypatch.setattr(BackgroundJobs, "shared", lambda _jobs, every, name, _work: shared.append((every, name)))
    await operator_world(start_server, billing_outcome_fair=switch, billing=billing)
    assert ((timedelta(days=1), "outcome_fair") in shared) is runs


async def test_a_round_says_how_many_days_it_gave(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, logs: list[Any]
) -> None:
    world = await operator_world(start_server)
    asked = []

    async def three(now: object) -> int:
        asked.append(now)
        return 3

    monkeypatch.setattr(outcome_fair, "give_fair_days", three)
    now = utc_now()
    with world.active:
        assert await outcome_fair.OutcomeFairDays(lambda: now).tick() == 3
    assert asked == [now]
    assert {"event": "fair_days_given", "days": 3, "log_level": "info"} in logs
