"""Hooks one after the other: at most one run of each at a time, a few waiting, the rest dropped and counted."""

import queue
import threading
from collections.abc import Callable, Mapping
from typing import Final

from plg.machine.hook_running import HookResult, HookTarget

MAX_WAITING: Final = 8
"""Implementation. Events of one kind that wait for a slow hook; older news than that nobody wants."""

Run = Callable[[HookTarget, bytes], HookResult]
Tell = Callable[[str, HookResult], None]
"""The hook's name and how it went; called from the hook's own thread."""


class HookQueue:
    """A thread for each hook. `close` lets what waits be done first."""

    def __init__(self, targets: Mapping[str, HookTarget], run: Run, tell: Tell) -> None:
        self._run = run
        self._tell = tell
        self._dropped = dict.fromkeys(targets, 0)
        self._lock = threading.Lock()
        self._waiting: dict[str, queue.Queue[bytes | None]] = {name: queue.Queue(MAX_WAITING) for name in targets}
        self._threads = [
            threading.Thread(target=self._serve, args=(name, target), name=f"plg-{name}", daemon=True)
            for name, target in targets.items()
        ]
        for thread in self._threads:
            thread.start()

    def put(self, name: str, document: bytes) -> bool:
        """False when it was dropped, or nobody asked for this hook. Never waits."""
        waiting = self._waiting.get(name)
        if waiting is None:
            return False
        try:
            waiting.put_nowait(document)
        except queue.Full:
            with self._lock:
                self._dropped[name] += 1
            return False
        return True

    def dropped(self, name: str) -> int:
        """How many were dropped since this was asked last."""
        with self._lock:
            count, self._dropped[name] = self._dropped[name], 0
        return count

    def close(self, limit_s: float) -> bool:
        """Waits until every hook that is due has run, at most `limit_s` for each; whether they all have."""
        for waiting, thread in zip(self._waiting.values(), self._threads, strict=True):
            try:
                waiting.put(None, timeout=limit_s)
            except queue.Full:
                return False
            thread.join(limit_s)
        return not any(thread.is_alive() for thread in self._threads)

    def _serve(self, name: str, target: HookTarget) -> None:
        while (document := self._waiting[name].get()) is not None:
            self._tell(name, self._run(target, document))
