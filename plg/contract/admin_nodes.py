"""Relays as the admin API and `plg admin nodes` show and change them."""

from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.admin_audit import ListLimit, ListOffset
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Identifier, Request, Timestamp

PRIORITY_LIMIT_MS = 100
"""A relay's priority counts as milliseconds in the choice of relays: more than this would be no preference but a detour."""

NodeName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Country = Annotated[str, Meta(pattern=r"^([A-Za-z]{2})?$", description="two letters (ISO 3166), or empty")]
City = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Region = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
PriorityMs = Annotated[int, Meta(ge=-PRIORITY_LIMIT_MS, le=PRIORITY_LIMIT_MS)]
MonthlyCost = Annotated[
    str,
    Meta(pattern=r"^(?:[0-9]{1,7}(?:\.[0-9]{1,2})? [A-Z]{3})?$", description='"12.50 EUR", or empty for not known'),
]
AdminNodeState = Literal["up", "full", "draining", "silent", "disabled", "deleted"]


class AdminNodesQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/nodes. Deleted relays are shown only when asked for."""

    state: AdminNodeState | None = None
    region: Region | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class CreateNodeRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/nodes: what players will see of the relay."""

    name: NodeName
    country: Country = ""
    city: City = ""


class NewNode(Answer, frozen=True, kw_only=True):
    """A token with which one relay may enrol once, until `expires_at`. It is shown here and never again."""

    name: str
    token: str
    expires_at: Timestamp


class EditNodeRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """PATCH /v1/admin/nodes/{node_id}: what is left out stays. `priority_ms` counts in favour of the relay (below 0: against it)."""

    name: NodeName | None = None
    country: Country | None = None
    city: City | None = None
    region: Region | None = None
    priority_ms: PriorityMs | None = None
    monthly_cost: MonthlyCost | None = None


class DrainNodeRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/nodes/{node_id}/drain: the relay ends the sessions that still run after `seconds`."""

    seconds: Annotated[int, Meta(ge=0, le=86_400)] = 600
    dry_run: bool = False


class ActNodeRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/nodes/{node_id}/disable and .../enable."""

    dry_run: bool = False


class DeleteQuery(Request, frozen=True, kw_only=True):
    """Query of DELETE in the admin API."""

    dry_run: bool = False


class AdminNode(Answer, frozen=True, kw_only=True):
    """One relay. What it says itself is null while it is silent; `heard_seconds_ago` also when nothing was heard for ten minutes.

    `running_sessions` are those that the server knows, as exit; `sessions` is the relay's own count. `monthly_cost` is the operators' note.
    """

    id: str
    relay_id: int
    name: str
    state: AdminNodeState
    country: str
    city: str
    region: str
    priority_ms: int
    host: str
    port: int
    control_url: str | None
    version: str
    load_percent: float | None
    sessions: Count | None
    max_sessions: Count
    running_sessions: Count
    loop_lag_ms: float | None
    masks: bool | None
    heard_seconds_ago: float | None
    created_at: Timestamp
    disabled_at: Timestamp | None
    drained_at: Timestamp | None
    deleted_at: Timestamp | None
    monthly_cost: str = ""
    web_ping_url: str | None = None


class AdminNodePage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/nodes, by name."""

    nodes: list[AdminNode]
    total: Count
    limit: int
    offset: int


class RunningSession(Answer, frozen=True, kw_only=True):
    """A session that an act would end or has ended."""

    session_id: Identifier
    account_id: Identifier
    game: str
    started_at: Timestamp


class NodeAct(Answer, frozen=True, kw_only=True):
    """What was done, or with `dry_run` would be. `told` is null when the relay need not be told or nothing was done.

    `control_failure` says in a line why the relay could not be told: what the server itself does holds all the same.
    `running` are at most 200 of the `running_total` sessions through it.
    """

    node: AdminNode
    dry_run: bool
    changed: bool
    told: bool | None = None
    control_failure: str | None = None
    running: list[RunningSession] = []
    running_total: Count = 0


class AdminNodesDocument(Document, frozen=True, kw_only=True):
    """`plg admin nodes list --json`."""

    nodes: list[AdminNode]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_nodes/1"


class AdminNodeDocument(Document, frozen=True, kw_only=True):
    """`plg admin nodes show|edit|priority --json`."""

    node: AdminNode
    schema: str = "plg.admin_node/1"


class AdminNodeActDocument(Document, frozen=True, kw_only=True):
    """`plg admin nodes enable|disable|drain|delete --json`."""

    act: str
    node: AdminNode
    dry_run: bool
    changed: bool
    told: bool | None
    control_failure: str | None
    running: list[RunningSession]
    running_total: Count
    schema: str = "plg.admin_node_act/1"


class AdminNewNodeDocument(Document, frozen=True, kw_only=True):
    """`plg admin nodes create --json`. The token works once and is shown here only."""

    name: str
    token: str
    expires_at: Timestamp
    schema: str = "plg.admin_new_node/1"
