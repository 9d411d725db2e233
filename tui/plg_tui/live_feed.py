"""Attaches to the running tunnel through its control socket, in a thread of its own, and tells the app what it says."""

import threading
from collections.abc import Callable
from typing import Final

from plg.contract.cli_output import StatusDocument
from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_tunnel
from plg.tunnel.control_protocol import ControlRequest
from plg.tunnel.runtime_place import RuntimePlace

UPDATES_EVERY_S: Final = 0.1
"""Implementation. Ten statuses a second: more than that nobody sees."""
LOOK_AGAIN_S: Final = 0.5
"""Implementation. While no tunnel runs, so often somebody looks for one."""
SILENT_AFTER_S: Final = 2.0
"""Implementation. The tunnel answers in a millisecond; after this long its process hangs."""
END_WAIT_S: Final = 3.0


class LiveFeed:
    """Calls back from its thread: `seen` with each status, `gone` when there is no tunnel (any more), `trouble` with one line of
    English when one is there and cannot be talked with. The three are called on changes only, but `seen`.
    """

    def __init__(
        self,
        place: RuntimePlace,
        *,
        seen: Callable[[StatusDocument], object],
        gone: Callable[[], object],
        trouble: Callable[[str], object],
    ) -> None:
        self._place = place
        self._seen = seen
        self._gone = gone
        self._trouble = trouble
        self._last: str | None = None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; the tunnel is not touched."""
        self._ending.set()
        if self._thread.ident is not None:
            self._thread.join(END_WAIT_S)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._attach()
                self._say("gone")
            except NoTunnel:
                self._say("gone")
            except TunnelSilent as error:
                self._say(str(error))
            self._ending.wait(LOOK_AGAIN_S)

    def _attach(self) -> None:
        request = ControlRequest(ask="watch", interval_s=UPDATES_EVERY_S)
        answers = ask_tunnel(self._place, request, timeout_s=SILENT_AFTER_S)
        for answer in answers:
            if self._ending.is_set():
                return
            if answer.error is not None:
                raise TunnelSilent(answer.error)
            if answer.status is not None:
                self._last = None
                self._seen(answer.status)

    def _say(self, what: str) -> None:
        if what == self._last or self._ending.is_set():
            return
        self._last = what
        if what == "gone":
            self._gone()
        else:
            self._trouble(what)
