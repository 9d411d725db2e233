"""Is a relay's claim about its way to the game possible, given what the other relays measure?

If relay A is `a` ms from the game and `m` ms from relay R, then R is at least `|a - m|` ms from the game: the triangle
inequality. On the Internet it is broken often by a little and seldom by much (routes follow money, not geometry). So each
witness A gets room for error: both its figures may be 20 % off in R's favour, and 5 ms more. And no one witness decides: the
bound is what a quarter of them, and at least three, say or exceed. A claim below that is replaced by it and flagged.

Its limits: a lie of less than the room for error passes, and so does one that nobody near either end can witness; players'
own measurements (`experience`) are what tells then. When a quarter of the witnesses, and at least three, lie together, they can
discredit an honest relay; what they can never do is to make one of them look nearer than the honest ones allow.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from plg_server.services.mesh import Mesh
from plg_server.services.path_score import Figure

MIN_WITNESSES = 3
AGREEING_SHARE = 0.25
FIGURE_ERROR = 0.2
DETOUR_MS = 5.0


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """What is counted instead of the claim; `doubted` when that is more than was claimed."""

    figure: Figure
    claimed_ms: float | None
    doubted: bool


def check_claims(claims: Mapping[str, Figure], mesh: Mesh) -> dict[str, CheckedClaim]:
    """Each relay's figure to one and the same host, checked against the others'."""
    return {node_id: _check(node_id, claim, claims, mesh) for node_id, claim in claims.items()}


def _check(node_id: str, claim: Figure, claims: Mapping[str, Figure], mesh: Mesh) -> CheckedClaim:
    if claim.rtt_ms is None:
        return CheckedClaim(claim, None, doubted=False)
    floor_ms = least_possible_ms(node_id, claims, mesh)
    if claim.rtt_ms >= floor_ms:
        return CheckedClaim(claim, claim.rtt_ms, doubted=False)
    p95_ms = None if claim.p95_ms is None else claim.p95_ms + floor_ms - claim.rtt_ms
    figure = Figure(floor_ms, claim.loss_percent, p95_ms, claim.age_s)
    return CheckedClaim(figure, claim.rtt_ms, doubted=True)


def least_possible_ms(node_id: str, claims: Mapping[str, Figure], mesh: Mesh) -> float:
    """The least that this relay's way can plausibly take; 0 without enough witnesses. Never depends on its own claim."""
    bounds = []
    for witness, figure in claims.items():
        link = mesh.link(witness, node_id)
        seen = mesh.told(witness, node_id)
        if witness == node_id or figure.rtt_ms is None or link is None or link.rtt_ms is None:
            continue
        # The longer of both ends' figures makes `m - a` larger, the witness's own makes `a - m` larger: whatever the relay
        # itself says about the link, it can only raise its own bound.
        bound_ms = _far_apart(link.rtt_ms, figure.rtt_ms)
        if seen is not None and seen.rtt_ms is not None:
            bound_ms = max(bound_ms, _far_apart(figure.rtt_ms, seen.rtt_ms))
        bounds.append(bound_ms)
    if len(bounds) < MIN_WITNESSES:
        return 0.0
    agreeing = max(MIN_WITNESSES, math.ceil(AGREEING_SHARE * len(bounds)))
    return sorted(bounds, reverse=True)[agreeing - 1]


def _far_apart(long_ms: float, short_ms: float) -> float:
    """The least third side of a triangle with these two, with room for error."""
    return max(0.0, long_ms * (1 - FIGURE_ERROR) - short_ms * (1 + FIGURE_ERROR) - DETOUR_MS)
