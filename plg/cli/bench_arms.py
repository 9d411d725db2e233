"""The two ways of one `plg bench`, opened: a session with the relay, the game server's questions or what stands for them."""

import asyncio
import socket
import time
from dataclasses import dataclass, field
from typing import Final, Protocol

from plg import __version__
from plg.api.errors import ApiError
from plg.cli.bench_run import SAMPLE_TIMEOUT_S, AskedWay, PartsWay, SampledWay
from plg.cli.bench_session import BenchSession, FlowCarrier
from plg.cli.cli_error import CliError
from plg.cli.direct_measuring import prepare_socket, query_method
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _
from plg.cli.route_finding import FoundRoutes, RouteServer
from plg.contract.routes import RouteRequest
from plg.contract.sessions import SessionGrant, SessionRecord, StartSessionRequest, StopSessionRequest
from plg.probe.bench_statistics import Way
from plg.probe.direct_ping import measure
from plg.probe.game_query import QueryProtocol
from plg.probe.query_ping import QueryPing, UdpCarrier
from plg.tunnel.counterfactual import DirectTarget, direct_target

QUERY_INTERVAL_S: Final = 0.8
"""Implementation. Servers of the Quake III family answer an address ten times at once and then once a second: at this pace even two
blocks of nine questions in a row, after the few that were asked before, are all answered."""
PING_INTERVAL_S: Final = 0.25
"""Implementation. As often as a session in a match pings its relay."""
TRIES: Final = 3
"""Implementation. A game server that has not answered three questions does not answer any."""
STOP_TIMEOUT_S: Final = 2.0
PARTS: Final = "parts"


class BenchServer(RouteServer, Protocol):
    """What a bench needs of the server; `plg.api.server_client.ServerClient` has it. All raise ApiError."""

    async def start_session(self, request: StartSessionRequest) -> SessionGrant: ...

    async def renew_session(self, session_id: str) -> SessionGrant: ...

    async def stop_session(self, session_id: str, request: StopSessionRequest) -> SessionRecord: ...


@dataclass(slots=True)
class Bench:
    """Both ways, ready. `method` is query_a2s, query_quake3 or parts."""

    client: BenchServer
    found: FoundRoutes
    grant: SessionGrant
    session: BenchSession
    ways: dict[Way, SampledWay] = field(default_factory=dict)
    method: str = PARTS
    interval_s: float = PING_INTERVAL_S
    queries: list[QueryPing] = field(default_factory=list)
    parts: PartsWay | None = None
    renew_at_s: float = float("inf")

    @property
    def is_end_to_end(self) -> bool:
        return self.method != PARTS

    @property
    def server_name(self) -> str | None:
        """What the game server calls itself."""
        return next((ping.answer.name for ping in self.queries if ping.answer is not None), None)

    def leg(self) -> tuple[float | None, float | None]:
        """What the relay's own way added to the samples, and how old that figure is; nothing end to end."""
        return (None, None) if self.parts is None else self.parts.leg

    async def renew_when_due(self) -> None:
        """A long experiment outlives its ticket."""
        if time.monotonic() < self.renew_at_s:
            return
        try:
            self.grant = await self.client.renew_session(self.grant.session_id)
        except ApiError:
            return  # the old ticket may still do; the next block tries again
        self.renew_at_s = time.monotonic() + self.grant.renew_after_s
        self.session.renew(self.grant.ticket)

    async def close(self, request: StopSessionRequest) -> None:
        """Say goodbye to relay and server; never raises for the network."""
        for ping in self.queries:
            ping.close()
        await self.session.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.client.stop_session(self.grant.session_id, request)
        except (ApiError, TimeoutError):
            return  # it ends the session itself when the ticket runs out


async def open_bench(
    client: BenchServer, found: FoundRoutes, protocol: QueryProtocol | None, node: str | None
) -> Bench:
    """A session with the exit that would be taken (or `node`), and the best method there is.

    Raises CliError where there is nothing to compare, ApiError, RelaysUnreachable, BadGrant, OSError.
    """
    if found.order.chosen is None and node is None:
        raise CliError(
            _("no relay can be used"),
            code="no_relay_free",
            exit_code=ExitCode.UNREACHABLE,
            next_step=_("see: {command}").format(command=f"plg explain {found.game.slug}"),
        )
    grant = await client.start_session(
        StartSessionRequest(
            game=found.game.slug,
            target=str(found.target) if found.target is not None else None,
            node_id=found.survey.node_id(node) if node is not None else None,
            measurements=found.survey.measurements(),
            client_version=__version__,
            mode="off",
            exit_ids=found.order.exit_ids(),
            standby=False,
        )
    )
    try:
        session = await BenchSession.open(grant)
    except BaseException:
        await _forget(client, grant)
        raise
    bench = Bench(client, found, grant, session, renew_at_s=time.monotonic() + grant.renew_after_s)
    try:
        if not (protocol is not None and found.targets and await _by_query(bench, protocol)):
            await _by_parts(bench)
    except BaseException:
        await bench.close(StopSessionRequest(reason="bench_not_possible"))
        raise
    return bench


async def _by_query(bench: Bench, protocol: QueryProtocol) -> bool:
    """Both ways end to end; False when the game server does not answer directly."""
    address, port = bench.found.targets[0]
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        carrier = UdpCarrier(str(address), port, family, prepare=prepare_socket)
    except OSError:
        return False
    direct = QueryPing(protocol, carrier)
    if not await _answers(direct):
        direct.close()
        return False
    boosted = QueryPing(protocol, FlowCarrier(bench.session, str(address), port))
    bench.queries = [direct, boosted]
    await _answers(boosted)  # one that does not is measured all the same: so much worse for the relay
    if bench.session.refused_flow is not None:
        raise CliError(
            _("the relay does not carry packets to {target}").format(target=bench.found.target),
            code="target_refused",
            exit_code=ExitCode.FAILURE,
            next_step=_("see: {command}").format(command=f"plg games show {bench.found.game.slug}"),
        )
    bench.ways = {
        Way.DIRECT: AskedWay(lambda: direct.ask(SAMPLE_TIMEOUT_S)),
        Way.BOOSTED: AskedWay(lambda: boosted.ask(SAMPLE_TIMEOUT_S), bench.renew_when_due),
    }
    bench.method, bench.interval_s = query_method(protocol), QUERY_INTERVAL_S
    return True


async def _answers(ping: QueryPing) -> bool:
    for _try in range(TRIES):
        if await ping.ask(SAMPLE_TIMEOUT_S) is not None:
            return True
    return False


async def _by_parts(bench: Bench) -> None:
    """Direct to the host that the relay measures too; boosted as the sum of its two parts."""
    found = bench.found
    node = found.node(bench.grant.relay.node_id)
    target = direct_target(found.game, found.targets, node.game_leg if node is not None else None)
    if target is None:
        raise _nothing_to_compare(_("no host near its servers is known"))
    try:
        resolved = await asyncio.get_running_loop().getaddrinfo(target.host, 0, type=socket.SOCK_DGRAM)
    except OSError:
        raise _nothing_to_compare(_("the name {host} has no address").format(host=target.host)) from None
    at = DirectTarget(str(resolved[0][4][0]), target.method, target.port, target.estimated)

    async def direct() -> float | None:
        ping = await measure(at.host, at.method, at.port, pings=1, timeout_s=SAMPLE_TIMEOUT_S, prepare=prepare_socket)
        return ping.rtt_ms

    async def leg() -> tuple[float | None, float | None]:
        await bench.renew_when_due()
        return await _ask_leg(bench)

    parts = PartsWay(lambda: bench.session.ping(SAMPLE_TIMEOUT_S), leg)
    await parts.prepare_block()
    if parts.leg[0] is None:
        raise _nothing_to_compare(_("the relay has not measured its way to the game"))
    if all([await direct() is None for _try in range(TRIES)]):
        raise _nothing_to_compare(_("{host} does not answer").format(host=target.host))
    bench.parts = parts
    bench.ways = {Way.DIRECT: AskedWay(direct), Way.BOOSTED: parts}


async def _ask_leg(bench: Bench) -> tuple[float | None, float | None]:
    """The relay's own way to the game now, and the age of the figure."""
    found = bench.found
    target = str(found.target) if found.target is not None else None
    try:
        report = await bench.client.routes(RouteRequest(game=found.game.slug, target=target))
    except ApiError:
        return None, None
    for candidate in report.candidates:
        if candidate.node_id == bench.grant.relay.node_id:
            return candidate.game_leg_ms, candidate.game_leg_age_s
    return None, None


async def _forget(client: BenchServer, grant: SessionGrant) -> None:
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await client.stop_session(grant.session_id, StopSessionRequest(reason="relay_unreachable"))
    except (ApiError, TimeoutError):
        return


def _nothing_to_compare(why: str) -> CliError:
    return CliError(
        _("there is nothing to compare: {why}").format(why=why),
        code="nothing_to_compare",
        exit_code=ExitCode.FAILURE,
        next_step=_("name a server of the game that answers: --target HOST:PORT"),
    )
