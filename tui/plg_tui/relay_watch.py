"""Measures the relays as long as somebody looks: a round of pings every two seconds, the ways to a game every half minute."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from plg.api.errors import ApiError, NotSignedIn
from plg.cli.direct_measuring import prepare_socket
from plg.cli.route_finding import FoundRoutes, RouteServer, find_routes
from plg.contract.nodes import NodeList
from plg.probe.relay_ping import MAX_RELAYS, measure_relays
from plg.tunnel.capture_plan import GameNotCarried
from plg.tunnel.connect_request import TargetUnknown
from plg.tunnel.relay_survey import relay_target
from plg_tui.relay_board import RelayBoard

ROUND_EVERY_S: Final = 2.0
ROUND_PINGS: Final = 5
"""Implementation. The first of each round only warms up; four counted ones are 30 packets a minute and relay more than needed for a jitter."""
LIST_EVERY_S: Final = 20.0
"""Implementation. Loads and states change slowly; the permission to ping lives minutes."""
ROUTES_EVERY_S: Final = 30.0
"""Implementation. Finding the ways takes three seconds of measuring and a question to the server."""
AFTER_TROUBLE_S: Final = 5.0


class WatchServer(RouteServer, Protocol):
    """What is asked of the server; raises ApiError."""

    async def nodes(self, *, game: str | None = None, target: str | None = None) -> NodeList: ...


@dataclass(frozen=True, slots=True)
class WatchState:
    """What a person is told beside the table. `listed` is false until the server has answered once."""

    listed: bool = False
    trouble: Exception | None = None
    game_trouble: Exception | None = None
    signed_in: bool | None = None


class RelayWatch:
    """`changed` is called after each step. Rest and go on with `visible`; `look_again` asks for everything at once."""

    def __init__(
        self,
        board: RelayBoard,
        open_client: Callable[[], AbstractAsyncContextManager[WatchServer]],
        memory_in: Path,
        clock: Callable[[], float],
        changed: Callable[[], object],
    ) -> None:
        self.board = board
        self.state = WatchState()
        self.visible = asyncio.Event()
        self.game: str | None = None
        self._open_client = open_client
        self._memory_in = memory_in
        self._clock = clock
        self._changed = changed
        self._listed_at_s = self._routes_at_s = float("-inf")
        self._nudge = asyncio.Event()

    def choose_game(self, slug: str | None) -> None:
        """Another game: its ways are found at once."""
        self.game = slug
        self.board.found = None
        self.look_again()

    def look_again(self) -> None:
        """Do not wait for the next round; forget what went wrong."""
        self._listed_at_s = self._routes_at_s = float("-inf")
        self._nudge.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.visible.wait()
            self._nudge.clear()
            wait_s = ROUND_EVERY_S
            try:
                await self._round()
            except ApiError as error:
                self.state = WatchState(self.state.listed, error, None, self.state.signed_in)
                wait_s = AFTER_TROUBLE_S
            self._changed()
            await self._rest(wait_s)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        except TimeoutError:
            return

    async def _round(self) -> None:
        now_s = self._clock()
        if now_s - self._listed_at_s >= LIST_EVERY_S:
            async with self._open_client() as client:
                nodes = (await client.nodes(game=self.game)).nodes
            self._listed_at_s = now_s
            self.board.list_nodes(nodes)
            signed_in = any(node.ping_token for node in nodes) if nodes else self.state.signed_in
            self.state = WatchState(True, None, self.state.game_trouble, signed_in)
            self._changed()
        nodes = sorted(self.board.nodes, key=lambda node: node.load_percent)
        targets = [target for target in map(relay_target, nodes) if target is not None]
        if targets:
            self.board.take_round(await measure_relays(targets[:MAX_RELAYS], pings=ROUND_PINGS, prepare=prepare_socket))
            self._changed()
        if self.game is not None and now_s - self._routes_at_s >= ROUTES_EVERY_S:
            self._routes_at_s = now_s
            await self._find_routes(self.game)

    async def _find_routes(self, game: str) -> None:
        trouble: Exception | None = None
        found: FoundRoutes | None = None
        try:
            async with self._open_client() as client:
                found = await find_routes(client, game, None, self._memory_in)
        except NotSignedIn:
            pass  # said already: without a login nothing is measured
        except (ApiError, GameNotCarried, TargetUnknown) as error:
            trouble = error
        if game == self.game:  # another may have been chosen meanwhile
            self.board.found = found
            self.state = WatchState(True, None, trouble, self.state.signed_in)
