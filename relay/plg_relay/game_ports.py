"""Which ports face game servers: a managed range, one parity half per boot.

After a crash the clients of the last boot ask for their old ports by resume token. This boot gives new sessions ports of
the other half, so that the old ones are free when their owners come back.
"""

from collections.abc import Iterable
from pathlib import Path

from plg_relay.private_file import read_bounded, write_private

BOOT_FILE = "boot_parity"

OTHER_HALF_AFTER_S = 10.0
"""Clients notice silence within 1-3.5 s and repeat HELLO each second: whoever comes back has come back by then."""

TRIES = 64
"""Ports asked for before giving up: other programs may sit in the range, and each try is a system call."""


class GamePorts:
    """The free ports first..last; `parity` (0 or 1) is this boot's half. Clocks are monotonic seconds."""

    def __init__(self, first: int, last: int, parity: int, started_s: float) -> None:
        self._halves = tuple(range(first + (first + half) % 2, last + 1, 2) for half in (parity, 1 - parity))
        self._first = first
        self._last = last
        self._started_s = started_s
        self._taken: set[int] = set()

    @property
    def taken(self) -> int:
        """How many ports are in use."""
        return len(self._taken)

    def candidates(self, now_s: float, start: int) -> Iterable[int]:
        """Up to TRIES free ports, from a place that `start` (any large random number) decides; this boot's half first."""
        left = TRIES
        halves = self._halves if now_s - self._started_s >= OTHER_HALF_AFTER_S else self._halves[:1]
        for half in halves:
            for step in range(len(half)):
                port = half[(start + step) % len(half)]
                if port not in self._taken:
                    yield port
                    left -= 1
                    if left == 0:
                        return

    def take(self, port: int) -> bool:
        """Mark a port as used; False if it is used already or not in the range (a token of another configuration)."""
        if port in self._taken or not self._first <= port <= self._last:
            return False
        self._taken.add(port)
        return True

    def release(self, port: int) -> None:
        """Give a port back."""
        self._taken.discard(port)


def next_boot_parity(data_dir: Path) -> int:
    """0 or 1, the other one than at the last boot. A damaged or missing file counts as 1 (so this boot gets 0).

    Raises OSError when the directory cannot be written.
    """
    path = data_dir / BOOT_FILE
    try:
        last = read_bounded(path, 16)
    except (FileNotFoundError, ValueError):
        last = b"1"
    parity = 1 if last.strip() == b"0" else 0
    write_private(path, str(parity).encode())
    return parity
