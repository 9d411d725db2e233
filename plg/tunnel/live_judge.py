"""Looks at the running comparison now and then: where the next flows go, and whether the exit's claim about its leg was true."""

import asyncio
from collections.abc import Callable
from typing import Final

from plg.tunnel.clock import Clock
from plg.tunnel.counterfactual import Comparison, Counterfactual
from plg.tunnel.direct_gate import LiveVerdict
from plg.tunnel.engine import TunnelEngine
from plg.tunnel.tunnel_event import Happening, Notify, TunnelEvent

WINDOW_S: Final = 10.0
"""Implementation. The session's own numbers are those of ten seconds."""

Compare = Callable[[], Comparison | None]
"""The comparison of this moment, None while there is no exit."""
Distrust = Callable[[], str | None]
"""Pass the exit in use over for a day; its name, None when that is known already."""


class LiveJudge:
    """Use: `run()` until cancelled. With `forced` the player has decided himself, and only claims are looked at."""

    def __init__(
        self,
        counterfactual: Counterfactual,
        compare: Compare,
        distrust: Distrust,
        engine: TunnelEngine,
        clock: Clock,
        notify: Notify,
        *,
        forced: bool,
    ) -> None:
        self._counterfactual = counterfactual
        self._compare = compare
        self._distrust = distrust
        self._engine = engine
        self._clock = clock
        self._notify = notify
        self._forced = forced
        self._verdict = LiveVerdict()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(WINDOW_S)
            self.look()

    def look(self) -> None:
        """One window."""
        found = self._compare()
        if found is None:
            return
        if not self._forced:
            self._judge_way(found)
        evidence = self._engine.first_replies
        if not found.estimated and evidence.disproves(found.now_ms):
            name = self._distrust()
            if name is not None:
                detail = {"name": name, "claimed_ms": found.now_ms, "measured_ms": evidence.best_ms}
                self._notify(TunnelEvent(Happening.RELAY_DISTRUSTED, {**detail}))

    def _judge_way(self, found: Comparison) -> None:
        now = self._clock.time()
        if not self._verdict.add_window(now, self._counterfactual.way(now), found.now_ms):
            return
        self._engine.routes.direct_is_better = self._verdict.prefers_direct
        what = Happening.DIRECT_BETTER if self._verdict.prefers_direct else Happening.BOOST_BETTER
        self._notify(TunnelEvent(what, {"now_ms": found.now_ms, "direct_ms": found.direct_ms}))
