"""What the tunnel tells its owner beside its numbers: plain names for programs, details for sentences."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Happening(StrEnum):
    """Stable names, as they stand in `plg.event/1`."""

    RELAYS_MEASURED = "relays_measured"
    RELAY_CHOSEN = "relay_chosen"
    RELAY_FAILED = "relay_failed"
    CONNECTED = "connected"
    POINT_GAME_HERE = "point_game_here"
    FLOWS_LEFT_DIRECT = "flows_left_direct"
    RELAY_SILENT = "relay_silent"
    RELAY_LOST = "relay_lost"
    RELAY_BACK = "relay_back"
    RELAY_CHANGED = "relay_changed"
    RELAY_DRAINING = "relay_draining"
    TICKET_RENEWED = "ticket_renewed"
    RENEWAL_DELAYED = "renewal_delayed"
    RENEWAL_REFUSED = "renewal_refused"
    TARGET_APPROVED = "target_approved"
    TARGET_REFUSED = "target_refused"
    PATH_UP = "path_up"
    PATH_DOWN = "path_down"
    PRIMARY_CHANGED = "primary_changed"
    TRANSIT_REFUSED = "transit_refused"
    TRANSIT_REPLACED = "transit_replaced"
    DEGRADED = "degraded"
    STANDBY_READY = "standby_ready"
    STANDBY_LOST = "standby_lost"
    EXIT_SILENT = "exit_silent"
    EXIT_SWITCHED = "exit_switched"
    DIRECT_BETTER = "direct_better"
    BOOST_BETTER = "boost_better"
    RELAY_DISTRUSTED = "relay_distrusted"
    WAITING_FOR_MATCH = "waiting_for_match"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class TunnelEvent:
    """Something that happened. `detail` holds JSON values only."""

    what: Happening
    detail: dict[str, str | int | float | None] = field(default_factory=dict)


Notify = Callable[[TunnelEvent], None]
