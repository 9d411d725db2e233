"""A full evening: 100 players at 64 packets a second each way through one relay, and the relay drops nothing."""

import sys
import time

from benchmarks.figures import start
from benchmarks.packet_engine import Datagrams, Receiver, send, udp_socket
from benchmarks.process_cost import tree_cpu_seconds, tree_resident_bytes
from benchmarks.relay_stand import open_clients, running_relay

SESSIONS = 100
RATE_EACH_PPS = 64
RUN_S = 30.0
PAYLOAD = b"x" * 100
SETTLE_S = 0.5


def main() -> bool:
    report = start("relay_sessions", f"{SESSIONS} sessions x {RATE_EACH_PPS} packets/s each way for {RUN_S:g} s")
    game = udp_socket()
    with running_relay() as relay:
        clients = open_clients(relay, game, SESSIONS)
        count = int(SESSIONS * RATE_EACH_PPS * RUN_S)
        datagrams = Datagrams([clients[index % SESSIONS].seal(PAYLOAD) for index in range(count)], batch=1)
        drops_before = sum(relay.drops().values())
        with Receiver([game], echo=True) as at_game, Receiver([client.socket for client in clients]) as at_clients:
            cpu_before = tree_cpu_seconds(relay.pid)
            sent = send([client.socket for client in clients], datagrams, rate_pps=SESSIONS * RATE_EACH_PPS)
            time.sleep(SETTLE_S)
            cpu = tree_cpu_seconds(relay.pid) - cpu_before
        report.add("relay drops", sum(relay.drops().values()) - drops_before, "packets", target=0)
        report.add("lost on the way to the game", max(0, sent.taken - at_game.received), "packets", target=0)
        report.add(
            "lost on the way back (control datagrams come on top)",
            max(0, at_game.received - at_clients.received),
            "packets",
            target=0,
        )
        report.add("relay, share of one core", cpu / sent.seconds * 100, "percent", target=60)
        report.add("relay, resident memory", tree_resident_bytes(relay.pid) / 1e6, "MB")
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
