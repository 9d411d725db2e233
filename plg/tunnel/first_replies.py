"""What the tunnel itself saw of the whole way: the time from a flow's first payload to its first reply. Pure.

It counts everything: relay, its way to the game, and the game server's own thinking. So one flow proves little, but the quickest of
several cannot be quicker than the way is long, and a relay that made its leg look short is found out by it.
"""

from typing import Final

MAX_REPLY_MS: Final = 5000.0
"""Implementation. What takes longer is no answer to the first payload."""
ENOUGH_FLOWS: Final = 2
"""Implementation. Of one flow alone the first payload may have been lost, or the server may have been busy."""
FAR_WORSE_MS: Final = 60.0
FAR_WORSE_FACTOR: Final = 2.0
"""Implementation. A game server at 20 ticks a second thinks up to 50 ms; beyond both of these the claim was wrong."""


class FirstReplies:
    """One session's evidence."""

    def __init__(self) -> None:
        self.flows = 0
        self.best_ms: float | None = None
        """The quickest first reply; None before the first one."""
        self.best_target: str | None = None
        """The game server that it came from, as ADDRESS:PORT."""

    def add(self, reply_ms: float, target: str) -> None:
        """One flow's first reply came from `target` after so many milliseconds."""
        if not 0.0 < reply_ms <= MAX_REPLY_MS:
            return
        self.flows += 1
        if self.best_ms is None or reply_ms < self.best_ms:
            self.best_ms, self.best_target = reply_ms, target

    def disproves(self, claimed_ms: float | None) -> bool:
        """Whether the whole way is far longer than `claimed_ms` (own ping to the relay + the relay's claim)."""
        if self.best_ms is None or claimed_ms is None or self.flows < ENOUGH_FLOWS:
            return False
        return self.best_ms > max(claimed_ms + FAR_WORSE_MS, claimed_ms * FAR_WORSE_FACTOR)
