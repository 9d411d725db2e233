"""Sessions: start, renew, targets, stop, history."""

from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.games import AddressChange, DestinationRule
from plg.contract.nodes import NodeGameLeg
from plg.contract.schema import (
    Answer,
    Base64,
    Count,
    HostPort,
    Identifier,
    LossPercent,
    Milliseconds,
    Request,
    Slug,
    Timestamp,
)

Mode = Literal["off", "redundant", "adaptive"]
"""How a session uses its paths (SPEC, redundancy): one at a time, copies on two at once, or as the losses ask for."""

PathNumber = Annotated[int, Meta(ge=0, le=7)]

MAX_MEASUREMENTS = 64
"""A client measures at most this many relays, and a relay as many peers."""


class RelayMeasurement(Request, frozen=True, kw_only=True, omit_defaults=True):
    """What the client measured to one relay: the median, null when it did not answer, and the 95th percentile if known."""

    node_id: Identifier
    rtt_ms: Milliseconds | None
    loss_percent: LossPercent = 0.0
    rtt_p95_ms: Milliseconds | None = None


Measurements = Annotated[list[RelayMeasurement], Meta(max_length=MAX_MEASUREMENTS)]


class StartSessionRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/sessions. `target` names a community server; `node_id` insists on one relay.

    `mode` null leaves it to the server: redundant where it is allowed, else off. `exit_ids` is the client's own order of exits
    after checking them: the first that takes sessions is the exit, the next on another host the standby; without any that
    does, the server's order decides. `interfaces` is the number of local interfaces that carry paths. Fields at their
    defaults are not sent, so that an older server understands a client which asks for nothing new.
    """

    game: Slug
    target: HostPort | None = None
    node_id: Identifier | None = None
    measurements: Measurements = []
    client_version: Annotated[str, Meta(max_length=32)] = ""
    mode: Mode | None = None
    exit_ids: Annotated[list[Identifier], Meta(max_length=3)] = []
    interfaces: Annotated[int, Meta(ge=1, le=4)] = 1
    standby: bool = True


class RelayEndpoint(Answer, frozen=True, kw_only=True):
    """Where the relay listens; `relay_id` is the number that keys and tickets are bound to.

    `mask_key` (32 bytes) is there when the relay wants headers masked (protocol SPEC, mask).
    """

    node_id: str
    name: str
    country: str
    host: str
    port: int
    relay_id: int
    mask_key: Base64 | None = None


class SessionCaps(Answer, frozen=True, kw_only=True):
    """Limits that the ticket carries and the relay enforces; both ways, copies counted."""

    packets_per_second: int
    kbit_per_second_up: int
    kbit_per_second_down: int
    flows: int
    local_ports: int


class TransitGrant(Answer, frozen=True, kw_only=True):
    """Path number `path` of a session, through the transit relay `relay`. It carries the session's own `cid`.

    `key` (32 bytes) is Kt, the secret of the sealed transit `ticket`; renewing a session keeps it. `predicted_total_ms` is the
    whole way: player, transit, exit, game; null when a part of it is not known.
    """

    path: PathNumber
    relay: RelayEndpoint
    ticket: Base64
    key: Base64
    predicted_total_ms: float | None
    chosen_because: str


class StandbyGrant(Answer, frozen=True, kw_only=True):
    """The exit to switch to when the session's exit host is dead: a session of its own, same suite, caps and targets."""

    cid: str
    relay: RelayEndpoint
    ticket: Base64
    key: Base64
    predicted_total_ms: float | None
    chosen_because: str


class SessionGrant(Answer, frozen=True, kw_only=True):
    """What a client needs to open the tunnel. `key` (32 bytes) is the secret that the sealed `ticket` also holds.

    `cid` is 16 hex digits. `predicted_total_ms` is null when the leg from relay to game is not known. `max_paths` is what the
    ticket allows: path 0, then the places for transits (taken or not), then one path for each further local interface: the
    last `interfaces` - 1 numbers below `max_paths`, the same for the whole session. `degraded_because` is one line when there are fewer ways than `mode` wants, else null. `game_leg` is the exit's way to
    the game as the prediction counts it.
    """

    session_id: str
    game: str
    cid: str
    relay: RelayEndpoint
    ticket: Base64
    key: Base64
    suite: int
    server_time_ms: int
    expires_at: Timestamp
    renew_after_s: int
    caps: SessionCaps
    destinations: list[DestinationRule]
    targets: list[str]
    address_change: AddressChange
    predicted_total_ms: float | None
    chosen_because: str
    mode: Mode = "off"
    max_paths: int = 1
    transits: list[TransitGrant] = []
    standby: StandbyGrant | None = None
    degraded_because: str | None = None
    game_leg: NodeGameLeg | None = None


class ReplaceTransitsRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/sessions/{id}/transits: other transits after one died; the answer is a new SessionGrant (new ticket, same secret).

    `exclude` names the relays that failed as transits. A transit that is not excluded keeps its path number and its secret. The
    standby stays while its relay lives, unless `standby_failed`: then another one is chosen.
    """

    exclude: Annotated[list[Identifier], Meta(max_length=MAX_MEASUREMENTS)] = []
    measurements: Measurements = []
    standby_failed: bool = False


class ApproveTargetRequest(Request, frozen=True, kw_only=True):
    """POST /v1/sessions/{id}/targets: one more destination for a running session; the answer is a new SessionGrant."""

    target: HostPort


class PathMetrics(Request, frozen=True, kw_only=True):
    """One path of a session, summed over its life."""

    path: PathNumber
    rtt_ms_p50: Milliseconds | None = None
    rtt_ms_p95: Milliseconds | None = None
    jitter_ms: Milliseconds | None = None
    loss_up_percent: LossPercent | None = None
    loss_down_percent: LossPercent | None = None


class StopSessionRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/sessions/{id}/stop

    `measured_total_ms` is the median round trip from the player through the exit to the game, measured end to end (a query or
    ping through the tunnel, never a sum of predictions), and `measured_target` the game's server that it was to (only its region
    is kept); the server learns from both how far the exit's own claim was off.
    `direct_ms` is the direct way's, sampled in the same time. `saved_up` and `saved_down` are datagrams that only arrived by
    another copy.
    """

    seconds: Annotated[float, Meta(ge=0, le=31_536_000)] = 0.0
    packets_up: Count = 0
    packets_down: Count = 0
    bytes_up: Count = 0
    bytes_down: Count = 0
    leaked: Count = 0
    paths: Annotated[list[PathMetrics], Meta(max_length=8)] = []
    reason: Annotated[str, Meta(max_length=64)] = "user"
    measured_total_ms: Milliseconds | None = None
    measured_target: HostPort | None = None
    direct_ms: Milliseconds | None = None
    saved_up: Count = 0
    saved_down: Count = 0
    exit_switches: Annotated[int, Meta(ge=0, le=1000)] = 0
    mode: Mode | None = None


class SessionRecord(Answer, frozen=True, kw_only=True):
    """One row of GET /v1/sessions"""

    session_id: str
    game: str
    node_id: str
    node_name: str
    target: str | None
    state: str
    started_at: Timestamp
    ended_at: Timestamp | None
    seconds: float
    packets_up: Count
    packets_down: Count
    bytes_up: Count
    bytes_down: Count
    rtt_ms_p50: float | None
    loss_up_percent: float | None
    loss_down_percent: float | None
    mode: str | None = None
    predicted_total_ms: float | None = None
    measured_total_ms: float | None = None
    direct_ms: float | None = None
    saved_up: Count = 0
    saved_down: Count = 0
    exit_switches: Count = 0


class SessionPage(Answer, frozen=True, kw_only=True):
    sessions: list[SessionRecord]
    total: Count
    limit: int
    offset: int
