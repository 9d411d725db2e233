"""A relay without sockets: the real forwarder, real client sessions, fake time, and a game side that only writes down."""

import random
import time
from dataclasses import dataclass, field
from ipaddress import ip_network

from plg.contract.relay_control import ProfileAcl, ProfileRule, TicketKey
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import ClientSession
from plg.protocol.errors import DropReason
from plg.protocol.events import ClientEvent, PayloadReceived
from plg.protocol.relay_handshake import RelayHandshake
from plg.protocol.ticket import ExitTicket, TicketCaps, TicketTarget, seal_ticket
from plg_relay.admission import AdmissionLimits
from plg_relay.flow_desk import FlowLimits
from plg_relay.forwarder import Forwarder
from plg_relay.policy import Policy
from plg_relay.rules import compile_rules
from plg_relay.session_table import Flow, SocketGroup
from plg_relay.transit_desk import TransitLimits

Source = tuple[str, int]
RELAY_ID = 9
KEY_ID = 1
TICKET_KEY = bytes(range(32))
UNIX_S = 1_800_000_000.0
PROFILE_ID = 3
GAME: Source = ("93.184.216.34", 27015)
HOME: Source = ("84.17.10.2", 50_000)
WIDE = TicketCaps(60_000, 60_000, 60_000, 64, 16)


@dataclass
class SentUp:
    """One datagram that left towards a game: from which port of ours, to whom."""

    egress_port: int
    destination: Source
    payload: bytes


class WrittenGameSide:
    """Ports are numbers, sending is writing down. `refuse_ports` makes the next opens fail."""

    def __init__(self) -> None:
        self.sent: list[SentUp] = []
        self.next_port = 40_000
        self.in_use: set[int] = set()
        self.refuse_ports = False

    def open(self, group: SocketGroup, wanted_port: int | None, now_s: float) -> bool:
        if self.refuse_ports:
            return False
        if wanted_port is not None and wanted_port not in self.in_use:
            group.egress_port = wanted_port
        else:
            group.egress_port = self.next_port
            self.next_port += 2
        self.in_use.add(group.egress_port)
        return True

    def attach(self, flow: Flow) -> bool:
        def send(payload: bytes, destination: Source) -> int:
            self.sent.append(SentUp(flow.group.egress_port, destination, payload))
            return len(payload)

        flow.send = send
        return True

    def detach(self, flow: Flow) -> None:
        del flow.send

    def close(self, group: SocketGroup) -> None:
        self.in_use.discard(group.egress_port)


def a_profile(*cidrs: str, ports: tuple[str, ...] = ("1024-65535",), revision: int = 1) -> ProfileAcl:
    rule = ProfileRule(cidrs=list(cidrs) or ["93.184.216.0/24", "2606:2800:220::/48"], ports=list(ports))
    return ProfileAcl(profile_id=PROFILE_ID, revision=revision, slug="game", rules=[rule])


def a_policy(*profiles: ProfileAcl) -> Policy:
    from base64 import b64encode

    keys = [TicketKey(key_id=KEY_ID, key=b64encode(TICKET_KEY).decode())]
    return Policy(ticket_keys=keys, profiles_etag="e", profiles=list(profiles) or [a_profile()])


def a_grant(
    cid: int = 0x1122334455667788,
    *,
    caps: TicketCaps = WIDE,
    unix_s: float = UNIX_S,
    life_s: int = 4 * 3600,
    user_ref: int = 5,
    targets: tuple[TicketTarget, ...] = (),
    revision: int = 1,
    secret: bytes = b"K" * 32,
    relay_id: int = RELAY_ID,
) -> ClientGrant:
    """What the server hands out."""
    ticket = ExitTicket(
        cid=cid,
        user_ref=user_ref,
        issued_at_s=int(unix_s),
        expires_at_s=int(unix_s) + life_s,
        secret=secret,
        profile_id=PROFILE_ID,
        profile_revision=revision,
        caps=caps,
        targets=targets,
    )
    nonce = random.Random(cid + life_s).randbytes(12)
    return ClientGrant(cid, secret, seal_ticket(ticket, TICKET_KEY, KEY_ID, relay_id, nonce), relay_id)


def a_target(cidr: str, first: int, last: int) -> TicketTarget:
    return TicketTarget(ip_network(cidr), first, last)


@dataclass
class Player:
    """A client session at a source address."""

    session: ClientSession
    source: Source = HOME
    events: list[ClientEvent] = field(default_factory=list)
    local_port: int = 27005

    @property
    def payloads(self) -> list[bytes]:
        return [event.payload for event in self.events if isinstance(event, PayloadReceived)]

    def saw(self, kind: type[ClientEvent]) -> bool:
        return any(isinstance(event, kind) for event in self.events)


class RelayBench:
    """One relay and any number of players in fake time. Datagrams arrive at once, in order, unless a test keeps them."""

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        allow_private: bool = False,
        max_sessions: int = 1000,
        sessions_per_address: int = 8,
        destination_packets_per_second: float = 5000,
        hellos_per_second: float = 100,
        seed: int = 1,
        boot: int = 0,
        now_s: float = 1000.0,
        transit: TransitLimits | None = None,
    ) -> None:
        self.random = random.Random(seed + boot)
        self.now_s = now_s
        self.allow_private = allow_private
        self.game_side = WrittenGameSide()
        self.to_clients: list[tuple[bytes, Source]] = []
        self.all_sent: list[tuple[bytes, Source]] = []
        self.players: list[Player] = []
        self.unknown_profiles = 0
        self.policy = policy or a_policy()
        rules = compile_rules(self.policy, (), allow_private=allow_private)
        self.forwarder = Forwarder(
            handshake=RelayHandshake(RELAY_ID, rules.ticket_keys, self.random.randbytes(8), self.random.randbytes),
            rules=rules,
            admission=AdmissionLimits(20, 5, hellos_per_second),
            flows=FlowLimits(
                20, 60, destination_packets_per_second, 180.0, 180.0, allow_private, frozenset(), frozenset({5000})
            ),
            max_sessions=max_sessions,
            sessions_per_address=sessions_per_address,
            session_idle_s=60.0,
            send_client=self._send_client,
            game_side=self.game_side,
            entropy=self.random.randbytes,
            unix_offset_s=lambda: UNIX_S - 1000.0,
            on_unknown_profile=self._on_unknown_profile,
            now_s=now_s,
            transit=transit,
        )

    def _send_client(self, datagrams: list[bytes], source: Source) -> int:
        sent = [(datagram, source) for datagram in datagrams]
        self.to_clients.extend(sent)
        self.all_sent.extend(sent)
        return len(sent)

    def _on_unknown_profile(self) -> None:
        self.unknown_profiles += 1

    @property
    def drops(self) -> dict[DropReason, int]:
        """Only what has been dropped."""
        return {reason: count for reason, count in self.forwarder.counters.drops.items() if count}

    def apply(self, policy: Policy) -> None:
        self.policy = policy
        self.forwarder.apply_rules(compile_rules(policy, (), allow_private=self.allow_private), self.now_s)
        self.carry()

    # --- the network -------------------------------------------------------------------------------------------------

    def receive(self, datagram: bytes, source: Source = HOME) -> list[tuple[bytes, Source]]:
        """One datagram for the relay from anywhere; what it sends to anybody because of it."""
        before = len(self.to_clients)
        self.forwarder.from_clients([(datagram, source)], self.now_s)
        return self.to_clients[before:]

    def game_says(self, payload: bytes, source: Source = GAME, *, player: int = 0, local_port: int = 27005) -> None:
        """One datagram from a game server (or a stranger) for the port that faces it."""
        cid = self.players[player].session.cid
        group = self.forwarder.table.by_cid[cid].groups[local_port]
        self.forwarder.from_anybody(group, [(payload, source)], self.now_s)
        self.carry()

    def player(self, grant: ClientGrant | None = None, source: Source = HOME, skew_s: float = 0.0) -> Player:
        """A new client, connected as far as the relay lets it. `skew_s`: its clock is that much ahead."""
        session = ClientSession(
            grant or a_grant(), entropy=self.random.randbytes, unix_ms_offset=(UNIX_S - 1000.0 + skew_s) * 1000
        )
        player = Player(session, source)
        self.players.append(player)
        session.connect(self.now_s)
        self.carry()
        return player

    def say(self, player: Player, payload: bytes, to: Source = GAME, local_port: int | None = None) -> bool:
        """The game sends a datagram; False when it has to go direct."""
        taken = player.session.send_payload((local_port or player.local_port, *to), payload, self.now_s)
        self.carry()
        return taken

    def datagrams_of(self, player: Player, payload: bytes, to: Source = GAME) -> list[bytes]:
        """The sealed datagrams of one payload, kept back by the test."""
        player.session.send_payload((player.local_port, *to), payload, self.now_s)
        return [datagram for _, datagram in player.session.datagrams_to_send()]

    def carry(self) -> None:
        """Move datagrams both ways until nobody has any."""
        for _ in range(100):
            moved = False
            for player in self.players:
                for _path, datagram in player.session.datagrams_to_send():
                    self.receive(datagram, player.source)
                    moved = True
            waiting, self.to_clients[:] = list(self.to_clients), []
            for datagram, source in waiting:
                for player in self.players:
                    if player.source == source:
                        player.session.receive_datagram(datagram, 0, self.now_s)
                        moved = True
            for player in self.players:
                while (event := player.session.next_event()) is not None:
                    player.events.append(event)
            if not moved:
                return
        raise AssertionError("the two sides never come to rest")

    def pass_time(self, seconds: float, step_s: float = 0.05, *, clients: bool = True) -> None:
        """Let time pass for everybody (`clients` False: the players are silent)."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s = min(self.now_s + step_s, end_s)
            if clients:
                for player in self.players:
                    due_s = player.session.next_timeout()
                    if due_s is not None and due_s <= self.now_s:
                        player.session.handle_timeout(self.now_s)
            self.forwarder.tick(self.now_s)
            if clients:
                self.carry()


def unix_now() -> float:
    """For tickets in tests against a running relay."""
    return time.time()
