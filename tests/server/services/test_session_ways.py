"""How many ways a session gets, and what it says when they are fewer than they should be."""

import pytest

from plg.contract.problem import ErrorCode
from plg.contract.sessions import Mode
from plg_server.problems import ApiError
from plg_server.services.session_ways import PathPlan, degraded_line, plan_paths


@pytest.mark.parametrize(
    ("mode", "interfaces", "allowed", "plan", "max_paths"),
    [
        (None, 1, 3, PathPlan("redundant", 1, 2), 3),
        (None, 1, 1, PathPlan("off", 1, 0), 1),
        ("off", 1, 3, PathPlan("off", 1, 2), 3),
        ("adaptive", 1, 2, PathPlan("adaptive", 1, 1), 2),
        ("redundant", 2, 3, PathPlan("redundant", 2, 1), 3),
        ("redundant", 2, 8, PathPlan("redundant", 2, 2), 4),
        ("redundant", 4, 3, PathPlan("redundant", 3, 0), 3),
        ("redundant", 4, 8, PathPlan("redundant", 4, 2), 6),
        ("off", 4, 1, PathPlan("off", 1, 0), 1),
    ],
)
def test_paths_are_shared_among_transits_and_interfaces(
    mode: Mode | None, interfaces: int, allowed: int, plan: PathPlan, max_paths: int
) -> None:
    found = plan_paths(mode, interfaces, allowed)
    assert (found, found.max_paths) == (plan, max_paths)


@pytest.mark.parametrize("mode", ["redundant", "adaptive"])
def test_a_server_with_one_path_refuses_what_needs_two(mode: Mode) -> None:
    with pytest.raises(ApiError) as caught:
        plan_paths(mode, 1, 1)
    assert caught.value.code is ErrorCode.MODE_NOT_ALLOWED
    assert caught.value.detail == f"this server allows one path a session: the mode '{mode}' needs two; use 'off'"


def line(plan: PathPlan, transits: int, *, standby: bool = True, asked: int = 1) -> str | None:
    return degraded_line(
        plan, transits, "only one relay is left", standby_wanted=True, has_standby=standby, asked=asked
    )


def test_a_session_with_all_it_wants_says_nothing() -> None:
    assert line(PathPlan("redundant", 1, 2), 1) is None
    assert line(PathPlan("off", 1, 2), 0) is None, "one path at a time is what was asked for"
    assert line(PathPlan("redundant", 2, 1), 0, asked=2) is None, "the second interface is a second way"


def test_each_thing_that_is_missing_is_said() -> None:
    redundant = PathPlan("redundant", 1, 2)
    assert line(redundant, 0) == "no second way: only one relay is left"
    assert line(redundant, 1, standby=False) == "no standby exit: no other relay on another host is free"
    assert line(redundant, 0, standby=False) == (
        "no second way: only one relay is left; no standby exit: no other relay on another host is free"
    )
    assert line(PathPlan("redundant", 3, 0), 0, asked=4) == "3 of 4 interfaces are used: this server allows 3 paths"
    assert degraded_line(redundant, 0, None, standby_wanted=False, has_standby=False, asked=1) == (
        "no second way: no transit is left"
    )
