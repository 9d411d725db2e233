"""What a running tunnel looks like: a live line on a terminal, plain lines in a log, NDJSON for programs."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.status_text import status_line
from plg.contract.cli_output import EventDocument
from plg.tunnel.states import rfc3339
from plg.tunnel.tunnel_event import Happening, TunnelEvent

if TYPE_CHECKING:
    from plg.tunnel.connect import Tunnel

PLAIN_EVERY_S = 10.0
"""Implementation. In a log a line a second would be noise."""

_SENTENCES = {
    Happening.RELAY_CHOSEN: N_("Relay {name}: {because}"),
    Happening.RELAY_FAILED: N_("Relay {name} does not work: {reason}; trying another one"),
    Happening.CONNECTED: N_("Connected through {relay}. Start the game now; Ctrl-C ends."),
    Happening.POINT_GAME_HERE: N_("Let the game connect to {address} instead of {target}"),
    Happening.RELAY_SILENT: N_("The relay does not answer; trying again"),
    Happening.RELAY_BACK: N_("The relay answers again"),
    Happening.RELAY_LOST: N_("The relay {name} is lost ({reason}): the game goes straight until another one is found"),
    Happening.RELAY_CHANGED: N_("Now through {name}; new matches use it"),
    Happening.RELAY_DRAINING: N_("The relay closes down in {seconds} s"),
    Happening.RENEWAL_DELAYED: N_(
        "The server does not renew the session now ({reason}); the game is not touched by that"
    ),
    Happening.RENEWAL_REFUSED: N_("The server does not renew the session: {reason}"),
    Happening.TARGET_REFUSED: N_("{target} goes straight: {reason}"),
}
"""Other happenings are for programs only."""


class TunnelView:
    """Shows one run. Results go to stdout, remarks to stderr, as everywhere."""

    def __init__(self, run: Invocation) -> None:
        self._run = run
        self._tunnel: Tunnel | None = None
        self._live_line = run.output.is_terminal and not run.output.as_json
        self._line_open = False
        self._shown_at: datetime | None = None
        self._shown_state = ""
        self.was_connected = False

    def watch(self, tunnel: "Tunnel") -> None:
        self._tunnel = tunnel

    def happened(self, event: TunnelEvent) -> None:
        """Called by the tunnel, on the loop."""
        if event.what is Happening.CONNECTED:
            self.was_connected = True
        if self._run.output.as_json:
            at = rfc3339(datetime.now(UTC))
            self._run.output.document(EventDocument(event=event.what.value, at=at, detail=dict(event.detail)))
            self.show()
            return
        text = self._sentence(event)
        if text:
            self.say(text)
        elif event.what in {Happening.STOPPING, Happening.CONNECTED}:
            self.show()

    def say(self, text: str) -> None:
        """A remark, above the live line."""
        if self._line_open:
            self._run.output.rewrite_line("")
        self._run.talk.say(text)
        if self._line_open:
            self._line_open = False
            self.show()

    def show(self) -> None:
        """The numbers of this moment, in the form that fits the reader."""
        if self._tunnel is None:
            return
        status = self._tunnel.status()
        if self._run.output.as_json:
            self._run.output.document(status)
        elif self._live_line:
            self._run.output.rewrite_line(status_line(status))
            self._line_open = True
        else:
            now = datetime.now(UTC)
            due = self._shown_at is None or (now - self._shown_at).total_seconds() >= PLAIN_EVERY_S
            if due or status.state != self._shown_state:
                self._shown_at, self._shown_state = now, status.state
                self._run.output.line(status_line(status))

    def finish(self) -> None:
        """The last word: everything is put back."""
        if self._run.output.as_json:
            self.show()
        elif self._line_open:
            self._run.output.line()
            self._line_open = False

    @staticmethod
    def _sentence(event: TunnelEvent) -> str:
        if event.what is Happening.FLOWS_LEFT_DIRECT:
            count = int(event.detail.get("flows") or 0)
            return ngettext(
                "{n} connection of the game was alive before and stays straight until it ends (--take-over moves it)",
                "{n} connections of the game were alive before and stay straight until they end (--take-over moves them)",
                count,
            ).format(n=count)
        pattern = _SENTENCES.get(event.what)
        return _(pattern).format_map(event.detail) if pattern else ""
