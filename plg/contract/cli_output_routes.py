"""What `plg explain`, `plg ping` and `plg trace` print with --json; the rules are those of `plg.contract.cli_output`."""

from plg.contract.cli_output import Document
from plg.contract.routes import DirectVerdict, RouteCandidate
from plg.contract.schema import Answer


class DirectWayView(Answer, frozen=True, kw_only=True):
    """The way without the booster, measured from here to `host`; null where nothing answered.

    `method` is query_a2s, query_quake3, icmp or tcp; `estimated`: the host only stands for the game's servers. `reason` says in
    English why there is no figure.
    """

    rtt_ms: float | None
    jitter_ms: float | None
    loss_percent: float | None
    sent: int
    host: str | None
    method: str | None
    estimated: bool
    reason: str | None = None


class ExitView(Answer, frozen=True, kw_only=True):
    """One relay as exit. `server` is what the server counted, term by term; the rest is this machine's second measurement.

    `rank` is the final place, null for one that cannot be used. `own_ms` and `own_loss_percent` are null for exits that were not
    measured again; `own_total_ms` and `own_score_ms` then are the server's.
    """

    rank: int | None
    server: RouteCandidate
    own_ms: float | None
    own_jitter_ms: float | None
    own_loss_percent: float | None
    own_total_ms: float | None
    own_score_ms: float | None


class ExplainDocument(Document, frozen=True, kw_only=True):
    """`plg explain`. `exits` are in the final order, `chosen` is what `plg connect` would take now.

    `because` is server_order, own_measurement (then `overruled` is the server's first) or kept_previous (the exit of the last
    session, kept because another gains too little), nothing_usable when there is none. `gain_ms` is direct minus boosted,
    null when one is not known; `verdict` is boost, direct or unknown. `server_verdict` is the server's own opinion.
    """

    game: str
    target: str | None
    region: str | None
    direct: DirectWayView
    exits: list[ExitView]
    chosen: str | None
    standby: str | None
    because: str
    overruled: str | None
    previous: str | None
    boosted_ms: float | None
    gain_ms: float | None
    verdict: str
    server_verdict: DirectVerdict
    schema: str = "plg.explain/1"


class PingSide(Answer, frozen=True, kw_only=True):
    """One way to one region so far; null until measured. Loss and jitter of the boosted way are those of both its parts."""

    rtt_ms: float | None
    jitter_ms: float | None
    loss_percent: float | None
    sent: int
    method: str | None
    estimated: bool


class PingRegion(Answer, frozen=True, kw_only=True):
    """One region: the direct way beside the best way through a relay. `relay_ms` + `game_leg_ms` = `boosted.rtt_ms`.

    `gain_ms` is direct minus boosted, null when one is not known.
    """

    region: str
    name: str
    host: str | None
    direct: PingSide
    boosted: PingSide
    node_id: str | None
    node_name: str | None
    relay_ms: float | None
    game_leg_ms: float | None
    gain_ms: float | None


class PingDocument(Document, frozen=True, kw_only=True):
    """One line of `plg ping --json` for each round; the last one has `final` true and sums all rounds up."""

    game: str
    round: int
    rounds: int
    final: bool
    regions: list[PingRegion]
    schema: str = "plg.ping/1"


class HopView(Answer, frozen=True, kw_only=True):
    """One router or the end of a lane; `address` null: it did not answer. `kind` is hop, relay or end."""

    number: int
    kind: str
    address: str | None
    name: str | None
    rtts_ms: list[float]
    sent: int


class LaneView(Answer, frozen=True, kw_only=True):
    """One lane of `plg trace`: the hops from here to `host`. `reached` when the end itself answered.

    For the lane through PLG the hops end at the relay; `game_leg_ms` is the relay's own way on, which nobody but the relay can
    trace, and `total_ms` the whole.
    """

    way: str
    host: str
    address: str | None
    method: str
    hops: list[HopView]
    reached: bool
    node_id: str | None = None
    node_name: str | None = None
    game_leg_ms: float | None = None
    game_leg_estimated: bool = False
    total_ms: float | None = None


class TraceDocument(Document, frozen=True, kw_only=True):
    game: str
    target: str | None
    direct: LaneView
    boosted: LaneView | None
    schema: str = "plg.trace/1"
