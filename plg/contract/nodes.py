"""Relays as players see them."""

from enum import StrEnum

from plg.contract.schema import Answer, Base64, Milliseconds


class NodeState(StrEnum):
    """`up` takes new sessions, `draining` keeps the old ones only, `full` is at its cap."""

    UP = "up"
    DRAINING = "draining"
    FULL = "full"


class NodeGameLeg(Answer, frozen=True, kw_only=True):
    """The relay's own measurement to the game asked for; `rtt_ms` is null when nothing there could be measured.

    It is what the server counts: checked against other relays' figures, with what players found on top. `age_s`: how old the
    relay's newest measurement in it is.
    """

    region: str | None
    rtt_ms: Milliseconds | None
    loss_percent: float | None
    estimated: bool
    age_s: float | None = None


class Node(Answer, frozen=True, kw_only=True):
    """A relay that is alive. `ping_token` lets a signed-in client measure it (28 bytes, protocol SPEC, probes).

    `mask_key` (32 bytes, protocol SPEC, mask) comes with the token when the relay wants headers masked, probes too. `game_leg` is
    the way to the target, or to the game's region nearest to the relay; `game_legs` those to every region that it measured.
    `web_ping_url` answers GET /ping of browsers, null where the relay does not.
    """

    id: str
    name: str
    country: str
    city: str
    host: str
    port: int
    state: NodeState
    load_percent: float
    sessions: int
    max_sessions: int
    seen_seconds_ago: float
    ping_token: Base64 | None
    mask_key: Base64 | None = None
    game_leg: NodeGameLeg | None = None
    game_legs: list[NodeGameLeg] = []
    web_ping_url: str | None = None


class NodeList(Answer, frozen=True, kw_only=True):
    """GET /v1/nodes, and GET /v1/nodes?game=SLUG&target=HOST:PORT"""

    nodes: list[Node]
