"""Sessions as the admin API and `plg admin sessions` show and end them."""

from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.admin_audit import ListLimit, ListOffset, Moment
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Identifier, Request, Timestamp

AccountRef = Annotated[str, Meta(min_length=1, max_length=254, description="id or e-mail address")]
GameSlug = Annotated[str, Meta(min_length=1, max_length=64)]


class AdminSessionsQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/sessions. `node` is an exit, standby or transit of the session."""

    state: Literal["active", "ended"] | None = None
    account: AccountRef | None = None
    node: Identifier | None = None
    game: GameSlug | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class KillSessionRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/sessions/{session_id}/kill."""

    reason: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    dry_run: bool = False


class SessionRelayView(Answer, frozen=True, kw_only=True):
    """A further relay of a session; `removed_at` when another took its place."""

    node_id: str
    node_name: str
    role: str
    path: int
    added_at: Timestamp
    removed_at: Timestamp | None


class AdminSession(Answer, frozen=True, kw_only=True):
    """One session; figures are what its client told at the end. Neither keys nor tickets are ever shown."""

    session_id: str
    account_id: str
    email: str
    game: str
    node_id: str
    node_name: str
    target: str | None
    state: Literal["active", "ended"]
    mode: str
    client_version: str
    started_at: Timestamp
    renewed_at: Timestamp
    expires_at: Timestamp
    ended_at: Timestamp | None
    ended_because: str | None
    seconds: float
    packets_up: Count
    packets_down: Count
    bytes_up: Count
    bytes_down: Count
    rtt_ms_p50: float | None
    loss_up_percent: float | None
    loss_down_percent: float | None
    predicted_total_ms: float | None
    measured_total_ms: float | None
    direct_ms: float | None
    exit_switches: Count


class AdminSessionPage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/sessions, newest first."""

    sessions: list[AdminSession]
    total: Count
    limit: int
    offset: int


class AdminSessionDetail(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/sessions/{session_id}: with everything that was chosen for it, and why."""

    session: AdminSession
    approved: list[str]
    chosen_because: str
    degraded_because: str | None
    max_paths: int
    interfaces: int
    relays: list[SessionRelayView]


class KilledSession(Answer, frozen=True, kw_only=True):
    """The session as it is now, or with `dry_run` still is. `relays` are those that are told that its tickets are void.

    `changed` is false when it had ended before.
    """

    session: AdminSession
    dry_run: bool
    changed: bool
    relays: list[str]


class AdminSessionsDocument(Document, frozen=True, kw_only=True):
    """`plg admin sessions list --json`."""

    sessions: list[AdminSession]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_sessions/1"


class AdminSessionDocument(Document, frozen=True, kw_only=True):
    """`plg admin sessions show --json`."""

    session: AdminSession
    approved: list[str]
    chosen_because: str
    degraded_because: str | None
    max_paths: int
    interfaces: int
    relays: list[SessionRelayView]
    schema: str = "plg.admin_session/1"


class AdminKilledDocument(Document, frozen=True, kw_only=True):
    """`plg admin sessions kill --json`."""

    session: AdminSession
    dry_run: bool
    changed: bool
    relays: list[str]
    schema: str = "plg.admin_session_kill/1"
