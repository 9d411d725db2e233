"""The dashboard as lines of words: for screen readers, pipes and terminals that cannot be drawn on. Loads no Textual.

A line when something changes, a summary every so many seconds, until Ctrl-C. Nothing is ever drawn over.
"""

import time
from collections.abc import Callable
from typing import Final

from plg.cli.language import _
from plg.contract.cli_output import StatusDocument
from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_tunnel
from plg.tunnel.control_protocol import ControlRequest
from plg.tunnel.runtime_place import RuntimePlace
from plg.tunnel.states import OFF
from plg_tui.plain_words import changes, summary

LOOK_EVERY_S: Final = 1.0
"""Implementation. Nobody hears faster; while no tunnel runs, so often somebody looks for one."""
SILENT_AFTER_S: Final = 5.0
USUAL_SUMMARY_S: Final = 30.0
LEAST_SUMMARY_S: Final = 1.0
MOST_SUMMARY_S: Final = 3_600.0


class PlainTalk:
    """Turns statuses into lines; `say` takes each. `clock` goes only forward, in seconds."""

    def __init__(self, say: Callable[[str], object], summary_every_s: float, clock: Callable[[], float]) -> None:
        self._say = say
        self._every_s = summary_every_s
        self._clock = clock
        self._last: StatusDocument | None = None
        self._trouble: str | None = None
        self._summary_at_s: float | None = None

    def take(self, status: StatusDocument | None) -> None:
        """The newest status, None when no tunnel runs."""
        status = None if status is None or status.state == OFF else status
        for line in changes(self._last, status):
            self._say(line)
        self._last, self._trouble = status, None
        now_s = self._clock()
        if status is None:
            self._summary_at_s = None
        elif self._summary_at_s is None or now_s - self._summary_at_s >= self._every_s:
            self._summary_at_s = now_s
            self._say(summary(status))

    def trouble(self, why: str) -> None:
        """A tunnel is there and does not answer; said once."""
        if why != self._trouble:
            self._trouble = why
            self._say(_("The running tunnel does not answer: {why}").format(why=why))


def watch_plain(
    say: Callable[[str], object],
    place: RuntimePlace,
    summary_every_s: float = USUAL_SUMMARY_S,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Until KeyboardInterrupt, which it lets through. The tunnel is not touched."""
    talk = PlainTalk(say, summary_every_s, clock)
    is_first = True
    while True:
        try:
            _hear(talk, place)
        except NoTunnel:
            if is_first:
                say(_("No tunnel is running. plg connect GAME in another terminal starts one; it is told here."))
            talk.take(None)
        except TunnelSilent as error:
            talk.trouble(str(error))
        is_first = False
        sleep(LOOK_EVERY_S)


def _hear(talk: PlainTalk, place: RuntimePlace) -> None:
    """Until the tunnel ends. Raises NoTunnel or TunnelSilent."""
    request = ControlRequest(ask="watch", interval_s=LOOK_EVERY_S)
    for answer in ask_tunnel(place, request, timeout_s=SILENT_AFTER_S):
        if answer.error is not None:
            raise TunnelSilent(answer.error)
        if answer.status is not None:
            talk.take(answer.status)
    talk.take(None)
