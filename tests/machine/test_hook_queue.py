"""One run of a hook at a time, a few waiting, the rest counted."""

import threading

from plg.machine.hook_queue import MAX_WAITING, HookQueue
from plg.machine.hook_running import HookResult, HookTarget

OK = HookResult(True)


def test_hooks_run_one_after_the_other_and_each_kind_for_itself() -> None:
    gate, began = threading.Event(), threading.Event()
    done: list[tuple[str, bytes]] = []

    def run(target: HookTarget, document: bytes) -> HookResult:
        if target == "slow":
            began.set()
            gate.wait(10)
        done.append((str(target), document))
        return OK

    said = []
    hooks = HookQueue({"a": "slow", "b": "quick"}, run, lambda name, result: said.append((name, result)))
    assert hooks.put("a", b"1")
    assert began.wait(10)
    taken = [hooks.put("a", str(n).encode()) for n in range(MAX_WAITING + 3)]
    assert taken == [True] * MAX_WAITING + [False] * 3
    assert hooks.put("b", b"x")
    assert not hooks.put("unknown", b"x")
    assert hooks.dropped("a") == 3
    assert hooks.dropped("a") == 0
    gate.set()
    assert hooks.close(10)
    assert [document for target, document in done if target == "slow"] == [
        b"1",
        *(str(n).encode() for n in range(MAX_WAITING)),
    ]
    assert said.count(("b", OK)) == 1


def test_closing_does_not_wait_for_ever() -> None:
    gate = threading.Event()

    def run(target: HookTarget, document: bytes) -> HookResult:
        gate.wait(10)
        return OK

    hooks = HookQueue({"a": "x"}, run, lambda name, result: None)
    for _ in range(MAX_WAITING + 2):
        hooks.put("a", b"")
    assert not hooks.close(0.05)
    gate.set()
