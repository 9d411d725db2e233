"""Every JSON document that `plg ... --json` prints. Stable inside a major version of its schema.

Each document is one object whose first key is `schema`, for example `plg.status/1`. Live commands print one such object
a line (NDJSON). Times are RFC 3339 UTC, units stand in the names, and what is not known is null.
"""

from typing import Any

import msgspec

from plg.contract.accounts import Account
from plg.contract.games import GameDetail, GameSummary
from plg.contract.nodes import NodeGameLeg
from plg.contract.schema import Answer


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every CLI document; subclasses give `schema` its value."""

    schema: str


class ErrorDetail(Answer, frozen=True, kw_only=True):
    """`code` is stable; `next_step` is the command or act that mends it; `detail` holds facts, by code.

    already_connected: `game`, `relay`, `since` (RFC 3339) and `pid` of the tunnel that runs, as far as it answers.
    """

    code: str
    message: str
    exit_code: int
    next_step: str | None = None
    nearest: list[str] = []
    request_id: str | None = None
    detail: dict[str, Any] = {}


class ErrorDocument(Document, frozen=True, kw_only=True):
    """Printed on stderr when `--json` was asked and a command fails."""

    error: ErrorDetail
    schema: str = "plg.error/1"


class AccountDocument(Document, frozen=True, kw_only=True):
    account: Account
    server: str
    token_store: str
    schema: str = "plg.account/1"


class SignedOutDocument(Document, frozen=True, kw_only=True):
    signed_out: bool
    server: str
    schema: str = "plg.signed_out/1"


class GamesDocument(Document, frozen=True, kw_only=True):
    games: list[GameSummary]
    total: int
    schema: str = "plg.games/1"


class GameDocument(Document, frozen=True, kw_only=True):
    game: GameDetail
    schema: str = "plg.game/1"


class NodeRow(Answer, frozen=True, kw_only=True):
    """A relay with the client's own measurement. `total_ms` is the way through it to the game, null when not known.

    `rank` (its place as exit) and `gain_ms` (direct minus total) are there with --for when logged in.
    """

    id: str
    name: str
    country: str
    city: str
    state: str
    load_percent: float
    rtt_ms: float | None
    jitter_ms: float | None
    loss_percent: float | None
    total_ms: float | None
    game_leg: NodeGameLeg | None = None
    rank: int | None = None
    gain_ms: float | None = None


class NodesDocument(Document, frozen=True, kw_only=True):
    """`plg nodes`; with --for, best first. `chosen` is what `plg connect` would take, `verdict` is boost, direct or unknown."""

    nodes: list[NodeRow]
    game: str | None = None
    target: str | None = None
    direct_ms: float | None = None
    chosen: str | None = None
    verdict: str | None = None
    schema: str = "plg.nodes/1"


class RelayView(Answer, frozen=True, kw_only=True):
    """The relay in use. `game_leg_ms` is its own way on to the game as the server knew it at the start, null when not known."""

    node_id: str
    name: str
    country: str
    address: str
    game_leg_ms: float | None = None


class PathView(Answer, frozen=True, kw_only=True):
    """Live numbers of one path over the last 10 s; null until measured. Bytes are those on the wire since the path was opened.

    `kind` is direct (straight to the relay), transit (through another relay) or interface (straight, from a further interface of
    this machine); `via` names that relay or interface. `state` is one of binding, standby, active, suspect, dead, or of a
    session's states (connecting, established, reconnecting) while it has one path only.
    """

    path: int
    state: str
    rtt_ms: float | None
    rtt_ms_p95: float | None
    jitter_up_ms: float | None
    jitter_down_ms: float | None
    loss_up_percent: float | None
    loss_down_percent: float | None
    kind: str = "direct"
    via: str | None = None
    is_primary: bool = False
    bytes_up: int = 0
    bytes_down: int = 0


class RedundancyView(Answer, frozen=True, kw_only=True):
    """What copies on further paths cost and what they bought. `mode` is off, redundant or adaptive.

    `level_up` of our own direction: 0 one path, 1 the previous payload rides along, 2 two paths, 3 two paths 20 ms apart, 4 both;
    the relay decides on the other one by itself. `saved` are packets that arrived only, or first, by another copy after the first
    one was lost; `lost` those that did not arrive at all. `bytes_ratio` is bytes sent to bytes of a single copy.
    """

    mode: str
    level_up: int
    saved_up: int
    saved_down: int
    lost_up: int
    lost_down: int
    bytes_ratio_up: float
    bytes_ratio_down: float


class StandbyView(Answer, frozen=True, kw_only=True):
    """The exit that takes over when the one in use is dead. `state` is connecting, ready or lost."""

    node_id: str
    name: str
    country: str
    state: str


class ComparisonView(Answer, frozen=True, kw_only=True):
    """The whole way now against the direct way, measured at the same time; null where a part is not known, never guessed.

    `now_ms` is the live round trip to the relay plus the relay's way to the game (`game_leg_ms`); `direct_ms` is sampled past the
    tunnel by `method` (icmp or tcp), `age_s` ago; `gain_ms` is the difference. `estimated`: the host measured only stands for the
    game server. `measured_total_ms` is the tunnel's own evidence: the quickest first reply of a game server through it.
    `verdict` is boost, direct (flows that begin now go direct) or unknown.
    """

    now_ms: float | None
    direct_ms: float | None
    gain_ms: float | None
    verdict: str
    game_leg_ms: float | None = None
    direct_jitter_ms: float | None = None
    direct_loss_percent: float | None = None
    method: str | None = None
    age_s: float | None = None
    estimated: bool = False
    measured_total_ms: float | None = None


class FlowView(Answer, frozen=True, kw_only=True):
    """One game flow. `route` is "relay" or "direct", `why` says for what reason it is direct."""

    local_port: int
    destination: str
    route: str
    why: str | None
    packets_up: int
    packets_down: int
    idle_s: float


class TrafficView(Answer, frozen=True, kw_only=True):
    """Packets of the game: carried by the relay, sent direct, and leaked past the capture (not wanted, counted)."""

    packets_up: int
    packets_down: int
    bytes_up: int
    bytes_down: int
    direct: int
    leaked: int
    dropped: dict[str, int]


class StatusDocument(Document, frozen=True, kw_only=True):
    """`plg status --json`, and each line of `plg connect --json` and `plg status --watch --json`.

    `state` is one of off, starting, observing, connecting, connected, reconnecting, stopping. `degraded_because` is one line when
    there are fewer ways than asked for; `exit_switches` counts how often the exit was left for its standby.
    """

    state: str
    at: str
    game: str | None = None
    pid: int | None = None
    capture: str | None = None
    uptime_s: float | None = None
    session_id: str | None = None
    relay: RelayView | None = None
    predicted_total_ms: float | None = None
    paths: list[PathView] = []
    flows: list[FlowView] = []
    traffic: TrafficView | None = None
    message: str | None = None
    redundancy: RedundancyView | None = None
    standby: StandbyView | None = None
    comparison: ComparisonView | None = None
    degraded_because: str | None = None
    exit_switches: int = 0
    schema: str = "plg.status/1"


class EventDocument(Document, frozen=True, kw_only=True):
    """Something that happened, between two status lines of a live command."""

    event: str
    at: str
    detail: dict[str, Any]
    schema: str = "plg.event/1"


class DisconnectDocument(Document, frozen=True, kw_only=True):
    disconnected: bool
    was_live: bool
    waited_s: float
    schema: str = "plg.disconnect/1"


class VersionDocument(Document, frozen=True, kw_only=True):
    version: str
    python: str
    platform: str
    schema: str = "plg.version/1"


class HelpTopic(Answer, frozen=True, kw_only=True):
    """One topic of `plg help`; title and text are in the person's language."""

    topic: str
    title: str
    text: str


class HelpDocument(Document, frozen=True, kw_only=True):
    """`plg help --json`: the topic asked for, or all."""

    topics: list[HelpTopic]
    schema: str = "plg.help/1"


class DemoSide(Answer, frozen=True, kw_only=True):
    """One way to the game in the demo: medians over the run."""

    rtt_ms_p50: float | None
    rtt_ms_p95: float | None
    jitter_ms: float | None
    loss_percent: float | None
    packets: int


class DemoLiveDocument(Document, frozen=True, kw_only=True):
    """One line a second of `plg demo --json` while it plays: the game's own numbers so far, null until measured."""

    elapsed_s: float
    direct_rtt_ms: float | None
    boosted_rtt_ms: float | None
    direct_loss_percent: float | None
    boosted_loss_percent: float | None
    schema: str = "plg.demo_live/1"


class DemoDocument(Document, frozen=True, kw_only=True):
    """The summary of `plg demo`. `simulated` lists what is not real: the game, the bad path, the distances."""

    seconds: float
    capture: str
    simulated: list[str]
    direct: DemoSide
    boosted: DemoSide
    verdict: str
    schema: str = "plg.demo/1"


class RecordDocument(Document, frozen=True, kw_only=True):
    """`plg record --json`: the file that was written. `full`: it ended at its bound."""

    file: str
    bytes: int
    seconds: float
    packets: int
    paths: list[int]
    full: bool
    schema: str = "plg.record/1"


class ReplayDirection(Answer, frozen=True, kw_only=True):
    """One direction of a match: packets, what was lost in the end, one-way latency between player and exit, bytes with IP headers.

    `ratio` is bytes over those of one copy of each packet; `saved` counts packets that only a copy brought, null where not known.
    """

    packets: int
    lost: int
    loss_percent: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    longest_gap: int | None
    bytes: int
    ratio: float
    saved: int | None


class ReplayMatch(Answer, frozen=True, kw_only=True):
    """A way to play the match. `levels` are moments (seconds) at which the level of redundancy changed, up and down."""

    mode: str
    max_overhead: float
    up: ReplayDirection
    down: ReplayDirection
    levels: list[tuple[float, int, int]]


class ReplayPath(Answer, frozen=True, kw_only=True):
    """How much the recording knows of a path; `guessed_percent` of the asked mode's packets on it met an average, not a record."""

    path: int
    datagrams_up: int
    datagrams_down: int
    loss_up_percent: float
    loss_down_percent: float
    guessed_percent: float


class ReplayDocument(Document, frozen=True, kw_only=True):
    """`plg replay --json`: as recorded, the recorded mode replayed (how far the replay can be trusted), and the mode asked for.

    `notes` are stable names of reservations.
    """

    file: str
    game: str
    recorded_at: str
    seconds: float
    recorded: ReplayMatch
    same_mode: ReplayMatch
    asked: ReplayMatch
    paths: list[ReplayPath]
    notes: list[str]
    schema: str = "plg.replay/1"
