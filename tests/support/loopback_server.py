"""The server's part in a tunnel's life, in memory: real tickets for loopback relays, and faults on demand."""

import base64
import itertools
import os
import time
from dataclasses import dataclass, field
from ipaddress import ip_address

from plg.api.errors import ServerRefused, ServerUnreachable, UnreachableReason
from plg.contract.games import AddressChange, DestinationRule, GameDetail, Transport
from plg.contract.nodes import Node, NodeGameLeg, NodeList, NodeState
from plg.contract.problem import ErrorCode
from plg.contract.routes import RouteReport, RouteRequest, RouteVerdict
from plg.contract.sessions import (
    ApproveTargetRequest,
    RelayEndpoint,
    ReplaceTransitsRequest,
    SessionCaps,
    SessionGrant,
    SessionRecord,
    StandbyGrant,
    StartSessionRequest,
    StopSessionRequest,
    TransitGrant,
)
from plg.protocol.destination import pack_address
from support.loopback_relay import LoopbackRelay, make_ticket, probe_token, seal
from support.loopback_transit import LoopbackTransit, make_transit_pass
from support.route_bodies import route_candidate, route_report

URL = "http://server.test"
_LOOPBACK = pack_address(ip_address("127.0.0.1"))

GAME = GameDetail(
    slug="lab-game", name="Lab Game", category="fps", badge=None, transport=Transport.UDP, boostable=True, aliases=[], tags=[],
    steam_appid=None, publisher=None, p2p=False, executables_windows=[], executables_linux=["lab-game"], capture="process",
    udp_ports=[], destinations=[DestinationRule(cidrs=["198.20.0.0/24"], ports=[])], observed_targets=True,
    address_change=AddressChange.BOUND, hosting=[], regions=[], linux_status=None, anti_cheat_note=None, notes=None,
    confidence={}, profile_id=3, revision=1,
)  # fmt: skip


def refused(code: str, detail: str = "no") -> ServerRefused:
    return ServerRefused(server=URL, code=code, status=409, detail=detail)


@dataclass
class LoopbackServer:
    """Hands out sessions on `relays` (name -> relay): the first of the client's own order, or the first that its measurements do not
    call silent; the next one is the standby when `has_standby`. `transits`: the first that is not excluded gets path 1.

    `is_up` False: nobody answers. `refuses` maps a method's name to the error that it raises. `legs` are the relays' claims.
    """

    relays: dict[str, LoopbackRelay]
    game_detail: GameDetail = GAME
    renew_after_s: int = 1800
    is_up: bool = True
    mask_key: bytes | None = None
    targets: list[str] = field(default_factory=list)
    refuses: dict[str, Exception] = field(default_factory=dict)
    legs: dict[str, NodeGameLeg] = field(default_factory=dict)
    has_standby: bool = False
    transits: dict[str, LoopbackTransit] = field(default_factory=dict)
    degraded_because: str | None = None
    replacements: list[ReplaceTransitsRequest] = field(default_factory=list)
    starts: list[StartSessionRequest] = field(default_factory=list)
    renewals: int = 0
    approvals: list[str] = field(default_factory=list)
    stops: dict[str, StopSessionRequest] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._issued = 0
        self._sessions: dict[str, list[tuple[str, int, bytes]]] = {}
        self._requests: dict[str, StartSessionRequest] = {}
        self._excluded: set[str] = set()
        self._transit_keys: dict[tuple[str, str], bytes] = {}

    def _check(self, method: str) -> None:
        if not self.is_up:
            raise ServerUnreachable(URL, UnreachableReason.REFUSED)
        if method in self.refuses:
            raise self.refuses[method]

    async def game(self, slug: str, /) -> GameDetail:
        self._check("game")
        return self.game_detail

    async def nodes(self, *, game: str | None = None, target: str | None = None) -> NodeList:
        self._check("nodes")
        token = base64.b64encode(probe_token(time.time() + 60)).decode()
        return NodeList(
            nodes=[
                Node(
                    id=name, name=name.title(), country="", city="", host="127.0.0.1", port=relay.port, state=NodeState.UP,
                    load_percent=0.0, sessions=0, max_sessions=10, seen_seconds_ago=0.0, ping_token=token,
                    mask_key=self._mask_key_text(), game_leg=self.legs.get(name),
                )
                for name, relay in self.relays.items()
            ]
        )  # fmt: skip

    def _mask_key_text(self) -> str | None:
        return None if self.mask_key is None else base64.b64encode(self.mask_key).decode()

    async def routes(self, request: RouteRequest) -> RouteReport:
        self._check("routes")
        pings = {entry.node_id: entry.rtt_ms for entry in request.measurements}
        names = sorted(self.relays, key=lambda name: (pings.get(name) is None, self._total_ms(name, pings.get(name))))
        return route_report(
            *(
                route_candidate(
                    name,
                    client_ms=pings.get(name),
                    game_leg_ms=self._leg_ms(name),
                    score_ms=self._total_ms(name, pings.get(name)),
                    rank=rank,
                    verdict=RouteVerdict.NO_ANSWER if pings.get(name) is None else RouteVerdict.POSSIBLE,
                )
                for rank, name in enumerate(names, 1)
            )
        )

    def _leg_ms(self, name: str) -> float | None:
        leg = self.legs.get(name)
        return None if leg is None else leg.rtt_ms

    def _total_ms(self, name: str, ping_ms: float | None) -> float:
        return (ping_ms or 0.0) + (self._leg_ms(name) or 0.0)

    async def start_session(self, request: StartSessionRequest) -> SessionGrant:
        self._check("start_session")
        self.starts.append(request)
        silent = {entry.node_id for entry in request.measurements if entry.rtt_ms is None}
        names = sorted(self.relays, key=lambda name: name in silent) if request.node_id is None else [request.node_id]
        if request.exit_ids:
            names = [*request.exit_ids, *(name for name in names if name not in request.exit_ids)]
        if not names:
            raise refused(ErrorCode.NO_RELAY_FREE)
        session_id = f"session-{next(self._numbers)}"
        exits = names[:2] if self.has_standby and request.standby else names[:1]
        self._sessions[session_id] = [(name, int.from_bytes(os.urandom(8), "big"), os.urandom(32)) for name in exits]
        self._requests[session_id] = request
        return self._grant(session_id)

    async def renew_session(self, session_id: str) -> SessionGrant:
        self._check("renew_session")
        self.renewals += 1
        return self._grant(session_id)

    async def approve_target(self, session_id: str, request: ApproveTargetRequest) -> SessionGrant:
        self._check("approve_target")
        self.approvals.append(request.target)
        self.targets.append(request.target)
        return self._grant(session_id)

    async def replace_transits(self, session_id: str, request: ReplaceTransitsRequest) -> SessionGrant:
        self._check("replace_transits")
        self.replacements.append(request)
        self._excluded = set(request.exclude)
        return self._grant(session_id)

    async def stop_session(self, session_id: str, request: StopSessionRequest) -> SessionRecord:
        self._check("stop_session")
        self.stops[session_id] = request
        return SessionRecord(
            session_id=session_id, game=self.game_detail.slug, node_id="", node_name="", target=None, state="ended",
            started_at="", ended_at="", seconds=0, packets_up=0, packets_down=0, bytes_up=0, bytes_down=0, rtt_ms_p50=None,
            loss_up_percent=None, loss_down_percent=None,
        )  # fmt: skip

    def _grant(self, session_id: str) -> SessionGrant:
        (name, cid, secret), *others = self._sessions[session_id]
        relay = self.relays[name]
        request = self._requests[session_id]
        transits = self._transit_grants(session_id, cid, relay)
        self._issued += 1  # each ticket of a session ends later than the one before
        ticket = make_ticket(
            cid,
            secret,
            now_unix_s=time.time(),
            expires_in_s=3600 + self._issued,
            max_paths=1 + bool(self.transits) + request.interfaces - 1,
            transits=tuple((transit.path, _LOOPBACK) for transit in transits),
        )
        standby = None
        if others:
            other, other_cid, other_secret = others[0]
            other_ticket = make_ticket(other_cid, other_secret, now_unix_s=time.time())
            standby = StandbyGrant(
                cid=f"{other_cid:016x}",
                relay=self._endpoint(other),
                ticket=base64.b64encode(seal(other_ticket, self.relays[other].relay_id)).decode(),
                key=base64.b64encode(other_secret).decode(),
                predicted_total_ms=22.0,
                chosen_because="the next one",
            )
        return SessionGrant(
            session_id=session_id,
            game=self.game_detail.slug,
            cid=f"{cid:016x}",
            relay=self._endpoint(name),
            ticket=base64.b64encode(seal(ticket, relay.relay_id)).decode(),
            key=base64.b64encode(secret).decode(),
            suite=1,
            server_time_ms=int(time.time() * 1000),
            expires_at="2030-01-01T00:00:00Z",
            renew_after_s=self.renew_after_s,
            caps=SessionCaps(packets_per_second=600, kbit_per_second_up=1500, kbit_per_second_down=6000, flows=64, local_ports=16),
            destinations=self.game_detail.destinations,
            targets=self.targets,
            address_change=self.game_detail.address_change,
            predicted_total_ms=20.0,
            chosen_because="the test says so",
            mode=request.mode or "off",
            max_paths=ticket.max_paths,
            transits=transits,
            degraded_because=None if transits else self.degraded_because,
            standby=standby,
            game_leg=self.legs.get(name),
        )  # fmt: skip

    def _transit_grants(self, session_id: str, cid: int, exit_relay: LoopbackRelay) -> list[TransitGrant]:
        """Path 1, through the first transit that is not excluded."""
        name = next((name for name in self.transits if name not in self._excluded), None)
        if name is None:
            return []
        transit = self.transits[name]
        secret = self._transit_keys.setdefault((session_id, name), os.urandom(32))
        next_hop = ("127.0.0.1", exit_relay.port)
        right = make_transit_pass(cid, secret, next_hop, relay_id=transit.relay_id, now_unix_s=time.time())
        endpoint = RelayEndpoint(
            node_id=name, name=name.title(), country="", host="127.0.0.1", port=transit.port, relay_id=transit.relay_id
        )
        return [
            TransitGrant(
                path=1,
                relay=endpoint,
                ticket=base64.b64encode(right.ticket).decode(),
                key=base64.b64encode(secret).decode(),
                predicted_total_ms=25.0,
                chosen_because="the test says so",
            )
        ]

    def _endpoint(self, name: str) -> RelayEndpoint:
        relay = self.relays[name]
        return RelayEndpoint(
            node_id=name, name=name.title(), country="", host="127.0.0.1", port=relay.port, relay_id=relay.relay_id,
            mask_key=self._mask_key_text(),
        )  # fmt: skip
