"""What hooks are told, and that telling them never waits."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plg.tunnel.hooks import DISCONNECTED, HOOK_OF, MAX_LINE_BYTES, Hook, HookSender, hook_event, sample_event
from plg.tunnel.tunnel_event import Happening, TunnelEvent

COPY = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
STUCK = "import time; time.sleep(30)"


def sender(code: str, *arguments: str, tell: Callable[[int], None] = lambda count: None) -> HookSender:
    argv = [sys.executable, "-c", code, *arguments]
    return HookSender(argv, frozenset(Hook), "openarena", os.environ, tell)


def told(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_hook_is_told_its_happenings_and_nothing_else(tmp_path: Path) -> None:
    hooks = sender(COPY, str(tmp_path / "out"))
    for happening in Happening:
        hooks.happened(TunnelEvent(happening, {"name": "r1"}))
    hooks.finish()
    events = told(tmp_path / "out")
    assert [event["event"] for event in events] == [*(h.value for h in Happening if h in HOOK_OF), DISCONNECTED]
    assert {event["schema"] for event in events} == {"plg.event/1"}
    details = [event["detail"] for event in events]
    assert {detail["hook"] for detail in details if isinstance(detail, dict)} == set(Hook)
    assert {detail["game"] for detail in details if isinstance(detail, dict)} == {"openarena"}


def test_a_tunnel_that_never_connected_is_not_said_to_have_ended(tmp_path: Path) -> None:
    hooks = sender(COPY, str(tmp_path / "out"))
    hooks.happened(TunnelEvent(Happening.STOPPING))
    hooks.finish()
    assert told(tmp_path / "out") == []


def test_a_process_that_does_not_read_costs_nothing_and_what_was_lost_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("plg.tunnel.hooks.WAIT_AT_END_S", 0.05)
    lost: list[int] = []
    hooks = sender(STUCK, tell=lost.append)
    longest_s = 0.0
    for _ in range(2000):
        began_s = time.perf_counter()
        hooks.happened(TunnelEvent(Happening.DEGRADED, {"because": "x" * 400}))
        longest_s = max(longest_s, time.perf_counter() - began_s)
    process = hooks._process
    hooks.finish()
    assert longest_s < 5  # the process sleeps for 30 s: a write that waited would have waited for that
    assert 0 < lost[0] < 2000
    os.kill(process.pid, 9)
    os.waitpid(process.pid, 0)


def test_a_process_that_has_died_is_no_fault_of_the_tunnel() -> None:
    lost: list[int] = []
    hooks = sender("pass", tell=lost.append)
    hooks._process.wait(20)
    hooks.happened(TunnelEvent(Happening.CONNECTED, {}))
    hooks.finish()
    assert lost == [2]


def test_only_hooks_that_are_set_are_told(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", COPY, str(tmp_path / "out")]
    hooks = HookSender(argv, frozenset({"on_disconnect"}), "g", os.environ, lambda count: None)
    hooks.happened(TunnelEvent(Happening.CONNECTED, {}))
    hooks.finish()
    assert [event["event"] for event in told(tmp_path / "out")] == [DISCONNECTED]


@pytest.mark.parametrize("hook", Hook)
def test_a_sample_is_an_event_as_it_may_come_and_says_that_it_is_one(hook: Hook) -> None:
    event = sample_event(hook)
    assert event.detail["hook"] == hook
    assert event.detail["test"] == 1


def test_an_event_always_fits_one_line_of_a_pipe() -> None:
    import msgspec

    event = hook_event(Hook.ON_DEGRADED, "degraded", "g", {"because": "x" * 100_000, "other": 1.5, "none": None})
    assert len(msgspec.json.encode(event)) < MAX_LINE_BYTES
