"""What two paths cost real relays: a hundred players over an exit and a transit, and their processor time beside that of one path."""

import os
import secrets
import selectors
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from benchmarks.figures import Report, median, start, talk
from benchmarks.packet_engine import Datagrams, Receiver, send, udp_socket
from benchmarks.process_cost import tree_cpu_seconds
from benchmarks.relay_stand import (
    HANDSHAKE_TIMEOUT_S,
    KEY_ID,
    PROFILE,
    RELAY_ID,
    TICKET_LIFE_S,
    WIDE_CAPS,
    RunningRelay,
    empty,
    running_relay,
)
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import ClientSession, PathState, TransitPass
from plg.protocol.destination import pack_address
from plg.protocol.events import ClientEvent, FlowAccepted, FlowAddress, FlowRefused, HandshakeRefused, TransitRefused
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.protocol.ticket import ExitTicket, TicketTarget, TransitTicket, seal_ticket, seal_transit_ticket

SESSIONS = 100
RATE_EACH_PPS = 64
RUN_S = 10.0
ROUNDS = 3
BURST = 32
"""Datagrams in a row where processor time is measured; a relay takes up to 64 at a time."""
PAYLOAD = b"x" * 100
SETTLE_S = 0.5
LOCAL = "127.0.0.1"
READY = {PathState.STANDBY, PathState.ACTIVE}


class DualClient:
    """One player: path 0 straight to the exit, and with copies path 1 through the transit, each on a socket of its own."""

    def __init__(
        self, exit_relay: RunningRelay, transit: RunningRelay, game: tuple[str, int], mode: RedundancyMode
    ) -> None:
        cid, secret, now_s = secrets.randbits(64), secrets.token_bytes(32), int(time.time())
        self.sockets = [udp_socket(), udp_socket()]
        for one, relay in zip(self.sockets, (exit_relay, transit), strict=True):
            one.connect((LOCAL, relay.port))
        self.flow: FlowAddress = (self.sockets[0].getsockname()[1], *game)
        ticket = ExitTicket(
            cid=cid,
            user_ref=cid,
            issued_at_s=now_s,
            expires_at_s=now_s + TICKET_LIFE_S,
            secret=secret,
            profile_id=PROFILE,
            profile_revision=1,
            max_paths=2,
            caps=WIDE_CAPS,
            transits=((1, pack_address(ip_address(LOCAL))),),
            targets=(TicketTarget(ip_network(game[0]), game[1], game[1]),),
        )
        sealed = seal_ticket(ticket, exit_relay.ticket_key, KEY_ID, RELAY_ID, secrets.token_bytes(12))
        self.session = ClientSession(
            ClientGrant(cid, secret, sealed, RELAY_ID),
            entropy=os.urandom,
            unix_ms_offset=(time.time() - time.monotonic()) * 1000,
            redundancy=Redundancy(mode),
        )
        if mode is not RedundancyMode.OFF:
            self.session.add_path(1, transit_pass(transit, cid, (LOCAL, exit_relay.port)), time.monotonic())
        self.accepted = False

    @property
    def is_ready(self) -> bool:
        """The flow is open and both paths are proved."""
        return self.accepted and all(state in READY for state in self.session.paths.values())

    def seal(self, payload: bytes) -> list[tuple[int, bytes]]:
        """(path, datagram) of every copy of one payload."""
        if not self.session.send_payload(self.flow, payload, time.monotonic()):
            raise RuntimeError("the session does not carry the payload")
        return self.session.datagrams_to_send()

    def tend(self, now: float) -> None:
        due_s = self.session.next_timeout()
        if due_s is not None and due_s <= now:
            self.session.handle_timeout(now)
        for path, datagram in self.session.datagrams_to_send():
            self.sockets[path].send(datagram)

    def take(self, path: int) -> None:
        self.session.receive_datagram(self.sockets[path].recv(2048), path, time.monotonic())
        while (event := self.session.next_event()) is not None:
            self._take_event(event)

    def _take_event(self, event: ClientEvent) -> None:
        match event:
            case HandshakeRefused() | FlowRefused() | TransitRefused():
                raise RuntimeError(f"a relay refused: {event}")
            case FlowAccepted():
                self.accepted = True
            case _:
                pass


def transit_pass(relay: RunningRelay, cid: int, next_hop: tuple[str, int]) -> TransitPass:
    """What the server would hand out for a path through another relay."""
    now_s = int(time.time())
    ticket = TransitTicket(
        cid=cid,
        issued_at_s=now_s,
        expires_at_s=now_s + TICKET_LIFE_S,
        secret=secrets.token_bytes(32),
        next_hop=pack_address(ip_address(next_hop[0])),
        next_hop_port=next_hop[1],
        packets_per_second=WIDE_CAPS.packets_per_second,
        kbit_per_second_up=WIDE_CAPS.kbit_per_second_up,
        kbit_per_second_down=WIDE_CAPS.kbit_per_second_down,
    )
    sealed = seal_transit_ticket(ticket, relay.ticket_key, KEY_ID, RELAY_ID, secrets.token_bytes(12))
    return TransitPass(ticket.secret, sealed)


def open_players(
    exit_relay: RunningRelay, transit: RunningRelay, game: socket.socket, mode: RedundancyMode
) -> list[DualClient]:
    """Players with open flows and proved paths; what reached the game meanwhile is taken away."""
    players = [DualClient(exit_relay, transit, game.getsockname(), mode) for _ in range(SESSIONS)]
    for player in players:
        player.session.connect(time.monotonic())
    pump(players, lambda player: player.session.welcome is not None)
    for player in players:
        player.session.send_payload(player.flow, b"open", time.monotonic())
    pump(players, lambda player: player.is_ready)
    time.sleep(0.1)
    empty(game)
    for player in players:
        player.tend(time.monotonic())  # what the last answers left to say
        for one in player.sockets:
            empty(one)
    return players


def pump(players: Sequence[DualClient], is_done: Callable[[DualClient], bool]) -> None:
    """Carry datagrams and time for all players until each is done."""
    deadline = time.monotonic() + HANDSHAKE_TIMEOUT_S
    with selectors.DefaultSelector() as selector:
        for player in players:
            for path, one in enumerate(player.sockets):
                selector.register(one, selectors.EVENT_READ, (player, path))
        while not all(map(is_done, players)):
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError(f"not every player was ready within {HANDSHAKE_TIMEOUT_S:g} s")
            for player in players:
                player.tend(now)
            for key, _ in selector.select(0.01):
                player, path = key.data
                player.take(path)


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of play: processor seconds per game packet and way, and what was lost or dropped."""

    exit_us: float
    transit_us: float
    lost_up: int
    lost_down: int
    drops: int
    starved: int
    """Datagrams that the kernel threw away because a relay had no processor for so long: the machine's doing."""


def dropped(relay: RunningRelay) -> int:
    """Second copies are dropped as such: that is what they are for."""
    return int(sum(count for reason, count in relay.drops().items() if reason != "duplicate"))


def kernel_drops(relay: RunningRelay) -> int:
    """What the kernel has dropped at the relay's socket for want of room."""
    ending = f":{relay.port:04X}"
    rows = [row.split() for row in Path("/proc/net/udp").read_text().splitlines()[1:]]
    return sum(int(row[-1]) for row in rows if row[1].endswith(ending))


def sealed_match(players: Sequence[DualClient], copies: int, burst: int) -> list[bytes]:
    """Every copy of every payload of a match: `burst` payloads of one player on one path, then their copies on the other."""
    datagrams: list[bytes] = []
    for number in range(int(SESSIONS * RATE_EACH_PPS * RUN_S) // burst):
        by_path: dict[int, list[bytes]] = {path: [] for path in range(copies)}
        for _ in range(burst):
            sealed = players[number % SESSIONS].seal(PAYLOAD)
            if len(sealed) != copies:
                raise RuntimeError(f"{len(sealed)} copies instead of {copies}")
            for path, datagram in sealed:
                by_path[path].append(datagram)
        for path in range(copies):
            datagrams += by_path[path]
    return datagrams


def play(mode: RedundancyMode, burst: int) -> Run:
    """One match. In bursts a relay is woken up for many datagrams at a time, as at its limit: what the rest of the machine does
    then moves its processor time least."""
    game = udp_socket()
    copies = 1 if mode is RedundancyMode.OFF else 2
    with running_relay() as exit_relay, running_relay() as transit:
        players = open_players(exit_relay, transit, game, mode)
        prepared = Datagrams(sealed_match(players, copies, burst), batch=burst)
        sockets = [one for player in players for one in player.sockets[:copies]]
        before = dropped(exit_relay) + dropped(transit)
        with Receiver([game], echo=True) as at_game, Receiver(sockets) as at_players:
            exit_s, transit_s = tree_cpu_seconds(exit_relay.pid), tree_cpu_seconds(transit.pid)
            sent = send(sockets, prepared, rate_pps=SESSIONS * RATE_EACH_PPS * copies)
            time.sleep(SETTLE_S)
            exit_s, transit_s = tree_cpu_seconds(exit_relay.pid) - exit_s, tree_cpu_seconds(transit.pid) - transit_s
        drops = dropped(exit_relay) + dropped(transit) - before
        starved = kernel_drops(exit_relay) + kernel_drops(transit)
        for player in players:
            for one in player.sockets:
                one.close()
    game.close()
    both_ways = 2 * sent.taken / copies
    return Run(
        exit_us=1e6 * exit_s / both_ways,
        transit_us=1e6 * transit_s / both_ways,
        lost_up=int(sent.taken / copies) - at_game.received,
        lost_down=max(0, at_game.received * copies - at_players.received),
        drops=drops,
        starved=starved,
    )


def measure(report: Report) -> None:
    steady = play(RedundancyMode.REDUNDANT, 1)
    report.add("two relays, drops beside second copies", steady.drops, "packets", target=0)
    report.add("dropped by the kernel before the relays read them", steady.starved, "packets")
    report.add("lost on the way to the game", steady.lost_up, "packets", target=0)
    report.add("copies lost on the way back (control comes on top)", steady.lost_down, "packets", target=0)
    single, dual = [], []
    for number in range(ROUNDS):
        single.append(play(RedundancyMode.OFF, BURST))
        dual.append(play(RedundancyMode.REDUNDANT, BURST))
        talk(
            f"round {number + 1}: exit {single[-1].exit_us:.1f} and {dual[-1].exit_us:.1f} us, transit "
            f"{dual[-1].transit_us:.1f} us, lost {single[-1].lost_up} and {dual[-1].lost_up}"
        )
    exit_single, exit_dual = median([run.exit_us for run in single]), median([run.exit_us for run in dual])
    transit = median([run.transit_us for run in dual])
    report.add("exit, CPU per game packet and way, one path", exit_single, "us")
    report.add("exit, CPU per game packet and way, two paths", exit_dual, "us")
    report.add("transit, CPU per game packet and way", transit, "us")
    report.add("exit, two paths over one", exit_dual / exit_single, "times", target=2.2)
    together = (exit_dual + transit) / exit_single
    report.add("exit and transit together, over the exit with one path", together, "times", target=2.2)


def main() -> bool:
    report = start(
        "multipath_relays", f"{SESSIONS} sessions over two paths x {RATE_EACH_PPS} packets/s each way for {RUN_S:g} s"
    )
    measure(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
