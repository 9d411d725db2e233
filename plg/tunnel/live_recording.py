"""`plg record` inside the tunnel: one recorder that follows the link of the moment, as exits and relays change."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from plg.tunnel.clock import Clock, Timer
from plg.tunnel.path_recorder import PathRecorder, Take
from plg.tunnel.path_recording import RecordingStart
from plg.tunnel.relay_link import RelayLink

FOLLOW_EVERY_S: Final = 0.5
"""Implementation. A relay changes a few times an evening; so much of the new session may be missing."""
MAX_NAME: Final = 64
MAX_OVERHEAD: Final = 16.0
"""Specification: the bounds of the file's fields (`RecordingStart`)."""

CurrentLink = Callable[[], RelayLink | None]


class LiveRecording:
    """From its making until `stop()`. What it takes down goes to `take` as blocks of a file."""

    def __init__(
        self,
        take: Take,
        current_link: CurrentLink,
        clock: Clock,
        *,
        game: str,
        program: str,
        max_overhead: float,
    ) -> None:
        link = current_link()
        start = RecordingStart(
            at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            program=program[:MAX_NAME],
            game=game[:MAX_NAME],
            mode="off" if link is None else link.session.redundancy_figures.mode.value,
            max_overhead=min(max(max_overhead, 1.0), MAX_OVERHEAD),
        )
        self._clock = clock
        self._current_link = current_link
        self.recorder = PathRecorder(take, start, clock.time())
        """What a link feeds."""
        self._link: RelayLink | None = None
        self._timer: Timer | None = None
        self._stopped = False
        self._follow()

    @property
    def is_over(self) -> bool:
        """Stopped, or full."""
        return self._stopped or self.recorder.is_full

    def stop(self) -> None:
        """Take the recorder off and write the end. Repeating it is harmless."""
        if self._stopped:
            return
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._attach(None)
        self.recorder.finish(self._clock.time())

    def _follow(self) -> None:
        self._attach(self._current_link())
        self._timer = self._clock.call_at(self._clock.time() + FOLLOW_EVERY_S, self._follow)

    def _attach(self, link: RelayLink | None) -> None:
        if link is self._link:
            return
        if self._link is not None:
            self._link.recorder = None
        if link is not None:
            if self._link is not None:
                self.recorder.new_keys(self._clock.time())  # another session: numbers begin anew
            link.recorder = self.recorder
        self._link = link
