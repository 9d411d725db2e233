"""Sessions: start, renew, targets, stop, history."""

from typing import Annotated

from msgspec import Meta

from plg.contract.games import AddressChange, DestinationRule
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


class RelayMeasurement(Request, frozen=True, kw_only=True):
    """What the client measured to one relay; `rtt_ms` null means that it did not answer."""

    node_id: Identifier
    rtt_ms: Milliseconds | None
    loss_percent: LossPercent = 0.0


class StartSessionRequest(Request, frozen=True, kw_only=True):
    """POST /v1/sessions. `target` names a community server; `node_id` insists on one relay."""

    game: Slug
    target: HostPort | None = None
    node_id: Identifier | None = None
    measurements: Annotated[list[RelayMeasurement], Meta(max_length=64)] = []
    client_version: Annotated[str, Meta(max_length=32)] = ""


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


class SessionGrant(Answer, frozen=True, kw_only=True):
    """What a client needs to open the tunnel. `key` (32 bytes) is the secret that the sealed `ticket` also holds.

    `cid` is 16 hex digits. `predicted_total_ms` is null when the leg from relay to game is not known.
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


class ApproveTargetRequest(Request, frozen=True, kw_only=True):
    """POST /v1/sessions/{id}/targets: one more destination for a running session; the answer is a new SessionGrant."""

    target: HostPort


class PathMetrics(Request, frozen=True, kw_only=True):
    """One path of a session, summed over its life."""

    path: Annotated[int, Meta(ge=0, le=7)]
    rtt_ms_p50: Milliseconds | None = None
    rtt_ms_p95: Milliseconds | None = None
    jitter_ms: Milliseconds | None = None
    loss_up_percent: LossPercent | None = None
    loss_down_percent: LossPercent | None = None


class StopSessionRequest(Request, frozen=True, kw_only=True):
    """POST /v1/sessions/{id}/stop"""

    seconds: Annotated[float, Meta(ge=0, le=31_536_000)] = 0.0
    packets_up: Count = 0
    packets_down: Count = 0
    bytes_up: Count = 0
    bytes_down: Count = 0
    leaked: Count = 0
    paths: Annotated[list[PathMetrics], Meta(max_length=8)] = []
    reason: Annotated[str, Meta(max_length=64)] = "user"


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


class SessionPage(Answer, frozen=True, kw_only=True):
    sessions: list[SessionRecord]
    total: Count
    limit: int
    offset: int
