"""What the relay adds to a round trip on loopback at 2,000 packets a second: relayed and direct runs in turns."""

import socket
import sys
import time
from collections.abc import Sequence

from benchmarks.figures import Report, median, percentile, start, talk
from benchmarks.packet_engine import Datagrams, Receiver, Sent, send, udp_socket
from benchmarks.relay_stand import BenchClient, open_clients, running_relay

FLOWS = 16
RATE_PPS = 2_000
RUN_S = 4.0
ROUNDS = 5
PAYLOAD_BYTES = 100
SETTLE_S = 0.3
MOST_ADDED_P50_MS = 0.15
MOST_ADDED_P95_MS = 0.5
NS_PER_MS = 1e6


def direct_round_trips(
    game: socket.socket, fronts: Sequence[socket.socket], *, rate_pps: int = RATE_PPS, run_s: float = RUN_S
) -> list[float]:
    """Milliseconds from the player's socket to an echoing game and back."""
    count = int(rate_pps * run_s)
    sent, arrivals = exchange(game, fronts, Datagrams([numbered(index) for index in range(count)], batch=1), rate_pps)
    return [(at_ns - sent.sent_ns[number(payload)]) / NS_PER_MS for payload, _, at_ns in arrivals]


def relayed_round_trips(
    game: socket.socket, clients: Sequence[BenchClient], *, rate_pps: int = RATE_PPS, run_s: float = RUN_S
) -> list[float]:
    """The same through the relay; the answers are opened after the run, so that opening takes no part in the time."""
    count = int(rate_pps * run_s)
    datagrams = Datagrams([clients[index % len(clients)].seal(numbered(index)) for index in range(count)], batch=1)
    sent, arrivals = exchange(game, [client.socket for client in clients], datagrams, rate_pps)
    trips = []
    for datagram, source, at_ns in arrivals:
        payload = clients[source].payload_of(datagram)
        if payload is not None:
            trips.append((at_ns - sent.sent_ns[number(payload)]) / NS_PER_MS)
    return trips


def exchange(
    game: socket.socket, fronts: Sequence[socket.socket], datagrams: Datagrams, rate_pps: int
) -> tuple[Sent, list[tuple[bytes, int, int]]]:
    """Send at the rate while the game echoes; what came back to which socket and when."""
    with Receiver([game], echo=True), Receiver(fronts, keep=datagrams.count + 1000) as back:
        sent = send(fronts, datagrams, rate_pps=rate_pps, take_time=True)
        time.sleep(SETTLE_S)
    return sent, [(arrival.datagram, arrival.source, arrival.at_ns) for arrival in back.arrivals()]


def numbered(index: int) -> bytes:
    return index.to_bytes(4, "big").ljust(PAYLOAD_BYTES, b"x")


def number(payload: bytes) -> int:
    return int.from_bytes(payload[:4], "big")


def measure(report: Report) -> None:
    game = udp_socket()
    plain_fronts = [udp_socket() for _ in range(FLOWS)]
    for front in plain_fronts:
        front.connect(game.getsockname())
    added_p50, added_p95, direct_p50, relayed_p50, lost = [], [], [], [], 0
    with running_relay() as relay:
        clients = open_clients(relay, game, FLOWS)
        for number_of_round in range(ROUNDS):
            direct = direct_round_trips(game, plain_fronts)
            relayed = relayed_round_trips(game, clients)
            lost += int(RATE_PPS * RUN_S) - len(relayed)
            direct_p50.append(median(direct))
            relayed_p50.append(median(relayed))
            added_p50.append(median(relayed) - median(direct))
            added_p95.append(percentile(relayed, 95) - percentile(direct, 95))
            talk(
                f"round {number_of_round + 1}: direct p50 {direct_p50[-1]:.3f}, relayed p50 {relayed_p50[-1]:.3f}, "
                f"added p50 {added_p50[-1]:.3f}, p95 {added_p95[-1]:.3f} ms"
            )
    report.add("direct round trip, p50", median(direct_p50), "ms")
    report.add("relayed round trip, p50", median(relayed_p50), "ms")
    report.add("added round trip, p50, median of rounds", median(added_p50), "ms", target=MOST_ADDED_P50_MS)
    report.add("added round trip, p95, median of rounds", median(added_p95), "ms", target=MOST_ADDED_P95_MS)
    report.add("packets lost in all rounds", lost, "packets", target=0)


def main() -> bool:
    report = start("added_rtt", f"{RATE_PPS} packets/s over {FLOWS} flows on loopback")
    measure(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
