"""Routes: every relay as a way to one game, with the terms of its sum and why it won or lost (`plg nodes --for`, `plg explain`)."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from plg.contract.nodes import NodeState
from plg.contract.schema import Answer, HostPort, Identifier, LossPercent, Milliseconds, Request, Slug
from plg.contract.sessions import MAX_MEASUREMENTS, Measurements


class DirectMeasurement(Request, frozen=True, kw_only=True):
    """The player's own way to the game without the booster; `estimated` when the host measured only stands for the server."""

    rtt_ms: Milliseconds | None
    rtt_p95_ms: Milliseconds | None = None
    loss_percent: LossPercent = 0.0
    estimated: bool = False


class RouteRequest(Request, frozen=True, kw_only=True):
    """POST /v1/routes. `target` names a community server; `measurements` are the caller's own; `exclude` names relays to leave out."""

    game: Slug
    target: HostPort | None = None
    measurements: Measurements = []
    direct: DirectMeasurement | None = None
    exclude: Annotated[list[Identifier], Meta(max_length=MAX_MEASUREMENTS)] = []


class RouteVerdict(StrEnum):
    """What became of a relay as exit, or as transit to one.

    `chosen`, `standby` (exits only); `possible`: it may serve, another is better; `no_answer`: it did not answer the caller;
    `unknown_way`: a part of its way was never measured; `detour`: through it the way grows by more than is allowed;
    `same_host`: it shares the exit's machine; `masked`: one of the two wants masked headers, which transits cannot serve;
    `unreachable`: the two have no address of the same family; `full`, `draining`, `excluded` say themselves.
    """

    CHOSEN = "chosen"
    STANDBY = "standby"
    POSSIBLE = "possible"
    NO_ANSWER = "no_answer"
    UNKNOWN_WAY = "unknown_way"
    DETOUR = "detour"
    SAME_HOST = "same_host"
    MASKED = "masked"
    UNREACHABLE = "unreachable"
    FULL = "full"
    DRAINING = "draining"
    EXCLUDED = "excluded"


class TransitCandidate(Answer, frozen=True, kw_only=True):
    """One relay as transit to one exit. `adds_ms`: how much longer the way is than straight to that exit (may be negative)."""

    node_id: str
    name: str
    country: str
    client_ms: Milliseconds | None
    mesh_ms: Milliseconds | None
    predicted_total_ms: Milliseconds | None
    adds_ms: float | None
    verdict: RouteVerdict
    because: str


class RouteCandidate(Answer, frozen=True, kw_only=True):
    """One relay as exit, every term in milliseconds unless named otherwise.

    predicted_total = client + game_leg + bias; score = predicted_total + jitter_penalty + loss_penalty + load_penalty; `rank` 1
    is the lowest score of those that may be chosen, null for the others. `game_leg_ms` is what is counted,
    `game_leg_claimed_ms` what the relay says; `game_leg_doubted`: the claim did not fit what other relays measure, so it was
    replaced. `game_leg_estimated`: measured to a host that only stands for the region, or not measured at all (`game_leg_ms`
    is null then, and the score counts the longest known way). `bias_ms` is what players measured on top of the claim.
    `transits` are the best few, those that would be used first.
    """

    node_id: str
    name: str
    country: str
    city: str
    state: NodeState
    client_ms: Milliseconds | None
    client_p95_ms: Milliseconds | None
    client_loss_percent: LossPercent | None
    game_leg_ms: Milliseconds | None
    game_leg_claimed_ms: Milliseconds | None
    game_leg_region: str | None
    game_leg_age_s: float | None
    game_leg_estimated: bool
    game_leg_doubted: bool
    jitter_penalty_ms: Milliseconds
    loss_penalty_ms: Milliseconds
    load_penalty_ms: Milliseconds
    load_percent: float
    bias_ms: Milliseconds
    predicted_total_ms: Milliseconds | None
    score_ms: Milliseconds
    rank: int | None
    verdict: RouteVerdict
    because: str
    transits: Annotated[list[TransitCandidate], Meta(max_length=8)] = []


class DirectAdvice(StrEnum):
    """Whether the booster is worth it: `boost`, `direct` (direct is better), or `unknown` (a figure is missing)."""

    BOOST = "boost"
    DIRECT = "direct"
    UNKNOWN = "unknown"


class DirectVerdict(Answer, frozen=True, kw_only=True):
    """`gain_ms`: direct minus predicted, null when one of them is not known."""

    advice: DirectAdvice
    gain_ms: float | None
    because: str


class RouteReport(Answer, frozen=True, kw_only=True):
    """All relays, best first; `chosen` and `standby` are node ids, null when there is none."""

    game: str
    target: str | None
    region: str | None
    max_paths: int
    candidates: list[RouteCandidate]
    chosen: str | None
    standby: str | None
    direct_verdict: DirectVerdict
