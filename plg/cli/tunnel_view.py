"""What a running tunnel looks like: a live line on a terminal, plain lines in a log, NDJSON for programs."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.output import ClosedPipe, encode_document
from plg.cli.status_text import status_line
from plg.contract.cli_output import EventDocument
from plg.tunnel.control_protocol import StopMode
from plg.tunnel.states import rfc3339
from plg.tunnel.tunnel_event import Happening, TunnelEvent

if TYPE_CHECKING:
    from plg.tunnel.connect import Tunnel

DETACHED = "PLG_DETACHED"
"""Set for a tunnel in the background."""
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
    Happening.TRANSIT_REFUSED: N_("The way through {via} is refused ({reason}); another one is asked for"),
    Happening.TRANSIT_REPLACED: N_("Second way now through {name}"),
    Happening.DEGRADED: N_("Fewer ways than asked for: {because}"),
    Happening.EXIT_SILENT: N_("The exit does not answer while others do; waiting a moment for it"),
    Happening.EXIT_SWITCHED: N_("Exit lost ({reason}): now through {to}; the game may reconnect"),
    Happening.STANDBY_LOST: N_("The standby exit {name} does not answer"),
    Happening.DIRECT_BETTER: N_("Direct is better now: connections that begin from now on go straight"),
    Happening.BOOST_BETTER: N_("The booster is better again: connections that begin from now on use it"),
    Happening.RELAY_DISTRUSTED: N_("{name} claims a shorter way than there is; it is passed over for a day"),
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
        self._reader_gone = False
        self.was_connected = False

    def watch(self, tunnel: "Tunnel") -> None:
        self._tunnel = tunnel

    def happened(self, event: TunnelEvent) -> None:
        """Called by the tunnel, on the loop. Never raises: a reader that has gone must not keep the tunnel from putting things back."""
        if event.what is Happening.CONNECTED:
            self.was_connected = True
        self._write(lambda: self._tell(event))

    def _write(self, write: Callable[[], None]) -> None:
        if self._reader_gone:
            return
        try:
            write()
        except ClosedPipe:
            self._reader_gone = True
            if self._tunnel is not None:
                self._tunnel.request_stop(StopMode.NOW, "output_closed")

    def _tell(self, event: TunnelEvent) -> None:
        if self._run.output.as_json:
            self._event(event.what.value, dict(event.detail))
            self._show()
            return
        text = self._sentence(event)
        if text:
            self._say(text)
        elif event.what is Happening.STOPPING:
            self._show()

    def tell(self, event: str, detail: dict[str, object], text: str) -> None:
        """Something that the tunnel itself does not know of: `text` for people, the event for programs."""
        if self._run.output.as_json:
            self._write(lambda: self._event(event, detail))
        else:
            self.say(text)

    def _event(self, name: str, detail: dict[str, object]) -> None:
        document = EventDocument(event=name, at=rfc3339(datetime.now(UTC)), detail=detail)
        self._run.output.document(document)
        if DETACHED in self._run.environ:  # nobody reads that output: the log is what `plg logs` shows
            self._run.talk.pass_on(encode_document(document))

    def say(self, text: str) -> None:
        """A remark, above the live line."""
        self._write(lambda: self._say(text))

    def _say(self, text: str) -> None:
        if self._line_open:
            self._run.output.rewrite_line("")
        self._run.talk.say(text)
        if self._line_open:
            self._line_open = False
            self._show()

    def show(self) -> None:
        """The numbers of this moment, in the form that fits the reader."""
        self._write(self._show)

    def _show(self) -> None:
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
        self._write(self._finish)

    def _finish(self) -> None:
        if self._run.output.as_json:
            self._show()
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
        if event.what is Happening.DEGRADED and event.detail.get("ways") == 1:
            return _("One way only: {because}").format(because=event.detail["because"])
        if event.what is Happening.PATH_DOWN and event.detail.get("via"):
            return _("No answer by way of {via}; the other ways carry on").format(via=event.detail["via"])
        if event.what is Happening.PATH_UP and event.detail.get("via"):
            return _("Way through {via} is open").format(via=event.detail["via"])
        pattern = _SENTENCES.get(event.what)
        return _(pattern).format_map(event.detail) if pattern else ""
