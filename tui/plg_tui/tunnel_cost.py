"""What the tunnel's process costs, as this machine's system counts it."""

import psutil

from plg_tui.session_words import Overhead


class TunnelCost:
    """Asked every second or so; CPU time is that since the question before."""

    def __init__(self) -> None:
        self._process: psutil.Process | None = None

    def ask(self, pid: int | None) -> Overhead:
        """Nothing known while no process has this id, or where the system hides it."""
        if pid is None:
            self._process = None
            return Overhead(None, None)
        try:
            if self._process is None or self._process.pid != pid:
                self._process = psutil.Process(pid)
                self._process.cpu_percent()  # begins the interval; its first answer means nothing
                return Overhead(None, self._process.memory_info().rss / 1e6)
            return Overhead(self._process.cpu_percent(), self._process.memory_info().rss / 1e6)
        except psutil.Error:
            self._process = None
            return Overhead(None, None)
