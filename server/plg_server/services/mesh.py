"""The ways between relays, from what both ends of each say.

A relay may lie about its peers to look well connected. So a link counts as long as the longer of the two ends' figures, and a
bound on somebody's claim never rests on that one's own word where that could help it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from plg_server.services.path_score import Figure

Claims = Mapping[str, Mapping[str, Figure]]
"""By node: what it measured to each other node."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """What each relay (first key) measured to each other one (second key); stale figures are left out before."""

    claims: Claims = field(default_factory=dict)

    def link(self, a: str, b: str) -> Figure | None:
        """The way between two relays: of each figure the worse of both ends.

        None when neither end measured it. `rtt_ms` None when an end gets no answer at all.
        """
        ends = [figure for figure in (self.told(a, b), self.told(b, a)) if figure is not None]
        if not ends:
            return None
        rtts = [figure.rtt_ms for figure in ends if figure.rtt_ms is not None]
        loss = max(figure.loss_percent for figure in ends)
        age_s = max(figure.age_s for figure in ends)
        if len(rtts) < len(ends):
            return Figure(None, loss, None, age_s)
        p95s = [figure.p95_ms for figure in ends if figure.p95_ms is not None]
        return Figure(max(rtts), loss, max(p95s) if p95s else None, age_s)

    def told(self, by: str, about: str) -> Figure | None:
        """One end's own word."""
        return self.claims.get(by, {}).get(about)
