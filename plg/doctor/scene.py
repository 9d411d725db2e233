"""What the checks look at: the machine's files, the server, its relays; each measured once and shared."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from plg.contract.accounts import Account
from plg.contract.games import GameDetail
from plg.contract.nodes import Node, NodeList
from plg.doctor.once import Once
from plg.doctor.server_visit import ServerVisit, visit_server
from plg.probe.relay_ping import RelayPing, measure_relays
from plg.probe.route_trace import RouteTrace, trace_route
from plg.tunnel.relay_survey import relay_target

SocketPreparation = Callable[[socket.socket], None]


class DoctorServer(Protocol):
    """What is asked of the server; `plg.api.server_client.ServerClient` has it. All raise ApiError."""

    async def account(self) -> Account: ...

    async def game(self, slug: str, /) -> GameDetail: ...

    async def nodes(self, *, game: str | None = None, target: str | None = None) -> NodeList: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the checks look. `root` is the root of the file system, for /proc and /sys (a copied tree in tests)."""

    server_url: str
    runtime_directories: tuple[Path, ...]
    change_journal: Path
    game: str | None = None
    access_token: Callable[[], str | None] = lambda: None
    """The token that calls are signed with now."""
    root: Path = Path("/")
    login_trouble: str | None = None
    """Why the login that is kept here cannot be read."""
    tls_authorities: Path | None = None
    """A file of certificates to trust besides the system's."""


@dataclass(frozen=True, slots=True)
class PingedRelay:
    """A relay that could be asked, and its answers."""

    node: Node
    ping: RelayPing


class Scene:
    """Made inside a running loop. What several checks need is measured by the first of them."""

    def __init__(self, place: Place, server: DoctorServer, prepare: SocketPreparation) -> None:
        self.place = place
        self.server = server
        self.prepare = prepare
        self.visit: Once[ServerVisit] = Once(lambda: visit_server(place.server_url, place.tls_authorities))
        self.account: Once[Account] = Once(server.account)
        self.nodes: Once[list[Node]] = Once(self._list_nodes)
        self.relays: Once[list[PingedRelay]] = Once(self._ping_relays)
        self.trace: Once[RouteTrace | None] = Once(self._trace_relay)

    async def nearest_relay(self) -> PingedRelay | None:
        """The relay that answers fastest; None when none does."""
        answering = [relay for relay in await self.relays.get() if relay.ping.rtt_ms is not None]
        return min(answering, key=lambda relay: relay.ping.rtt_ms or 0.0, default=None)

    def file(self, path: str) -> Path:
        """A file of the system by its absolute path."""
        return self.place.root / path.lstrip("/")

    async def _list_nodes(self) -> list[Node]:
        """None where the server does not answer: asking it again would only take time."""
        if (await self.visit.get()).status is None:
            return []
        return (await self.server.nodes(game=self.place.game)).nodes

    async def _ping_relays(self) -> list[PingedRelay]:
        nodes = {node.id: node for node in await self.nodes.get()}
        targets = [target for target in map(relay_target, nodes.values()) if target is not None]
        # measure_relays looks at so many and no more: a relay that was not asked is not a silent one.
        pings = await measure_relays(targets[:MAX_RELAYS], prepare=self.prepare) if targets else []
        return [PingedRelay(nodes[ping.node_id], ping) for ping in pings]

    async def _trace_relay(self) -> RouteTrace | None:
        """The routers on the way to the nearest relay. Raises TraceUnavailable where this process cannot see routers."""
        relay = await self.nearest_relay()
        return None if relay is None else await trace_route(relay.node.host, max_hops=TRACE_HOPS, prepare=self.prepare)


TRACE_HOPS = 8
"""Implementation. The first router of the provider is within these; further ones tell nothing here."""
MAX_RELAYS = 16
"""Specification of plg.probe.relay_ping."""
