"""The states of a tunnel, as `plg.status/1` names them. Light: `plg status` loads it without the tunnel itself."""

from datetime import datetime
from typing import Final

from plg.contract.cli_output import StatusDocument

OFF: Final = "off"
STARTING: Final = "starting"
OBSERVING: Final = "observing"
CONNECTING: Final = "connecting"
CONNECTED: Final = "connected"
RECONNECTING: Final = "reconnecting"
STOPPING: Final = "stopping"

OVER_LIMIT_UP: Final = "over_relay_limit_up"
OVER_LIMIT_DOWN: Final = "over_relay_limit_down"
"""Reasons in `traffic.dropped`: the ticket's caps, or how much one game server may get."""


def off_document(at: datetime) -> StatusDocument:
    """No tunnel runs. `at` is the wall clock in UTC."""
    return StatusDocument(state=OFF, at=rfc3339(at))


def rfc3339(at: datetime) -> str:
    """A time in UTC with milliseconds and a Z."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
