"""The whole way of a player's packet: game -> `plg connect` (proxy) -> relay -> game server, and back, at 128 packets a second.

Server, relay and client are the real commands. Direct runs, runs through a relay alone (datagrams that were sealed beforehand) and
runs through client and relay take turns on the same machine, so each one's part is a difference within one round.
"""

import socket
import sys
import tempfile
from pathlib import Path

from benchmarks.added_rtt import direct_round_trips, relayed_round_trips
from benchmarks.figures import Report, median, percentile, start, talk
from benchmarks.packet_engine import udp_socket
from benchmarks.process_cost import resident_bytes, tree_cpu_seconds, tree_resident_bytes
from benchmarks.relay_stand import free_port, open_clients, running_relay
from plg.lab.processes import ProcessOwner, ThisMachine
from plg.lab.product import PlayerProcess, RelayProcess, ServerProcess

RATE_PPS = 128
RUN_S = 10.0
ROUNDS = 5
MOST_ADDED_P50_MS = 0.5
MOST_RESIDENT_MB = 80.0


def round_trips(game: socket.socket, front: socket.socket) -> list[float]:
    """Milliseconds to an echoing game and back, for each datagram that came back."""
    return direct_round_trips(game, [front], rate_pps=RATE_PPS, run_s=RUN_S)


def measure(report: Report, folder: Path, machine: ThisMachine) -> None:
    game, direct, relayed = udp_socket(), udp_socket(), udp_socket()
    game_port, listen_port = game.getsockname()[1], free_port(socket.SOCK_DGRAM)
    relay_port = free_port(socket.SOCK_DGRAM)
    direct.connect(game.getsockname())
    server = ServerProcess(machine, folder / "server", host="127.0.0.1")
    relay = RelayProcess(
        machine,
        folder / "relay",
        server,
        "bench",
        public_host="127.0.0.1",
        public_port=relay_port,
        bind_host="127.0.0.1",
        bind_port=relay_port,
    )
    player = PlayerProcess(machine, folder / "player", server.url)
    player.register()
    player.wait_for_relays(relay)
    target, listen = f"127.0.0.1:{game_port}", f"127.0.0.1:{listen_port}"
    connection = player.connect("openarena", "--target", target, "--capture", "proxy", "--listen", listen)
    client = connection.process.pid
    relayed.connect(("127.0.0.1", listen_port))
    round_trips(game, relayed)  # opens the flow, fills the caches
    alone, both, own, both_p95, direct_p50, lost, busy = [], [], [], [], [], 0, []
    with running_relay() as plain_relay:
        sealing = open_clients(plain_relay, game, 1)
        for number in range(ROUNDS):
            straight = round_trips(game, direct)
            through_relay = relayed_round_trips(game, sealing, rate_pps=RATE_PPS, run_s=RUN_S)
            cpu = tree_cpu_seconds(client)
            carried = round_trips(game, relayed)
            busy.append((tree_cpu_seconds(client) - cpu) / RUN_S * 100)
            lost += int(RATE_PPS * RUN_S) - len(carried)
            direct_p50.append(median(straight))
            alone.append(median(through_relay) - median(straight))
            both.append(median(carried) - median(straight))
            own.append(median(carried) - median(through_relay))
            both_p95.append(percentile(carried, 95) - percentile(straight, 95))
            talk(f"round {number + 1}: relay {alone[-1]:.3f}, client {own[-1]:.3f}, both {both[-1]:.3f} ms")
    report.add("direct round trip, p50", median(direct_p50), "ms")
    report.add("added by the client, p50, median of rounds", median(own), "ms", target=MOST_ADDED_P50_MS)
    report.add("added by the relay, p50, median of rounds", median(alone), "ms")
    report.add("added by client and relay, p50, median of rounds", median(both), "ms")
    report.add("added by client and relay, p95, median of rounds", median(both_p95), "ms")
    traffic = player.status().traffic
    note = (
        ""
        if traffic is None
        else f"(client: dropped {traffic.dropped}, leaked {traffic.leaked}, direct {traffic.direct})"
    )
    report.add("packets lost in all rounds", lost, "packets", target=0, note=note)
    report.add("plg connect, resident memory", resident_bytes(client) / 1e6, "MB", target=MOST_RESIDENT_MB)
    report.add("plg connect with its child processes", tree_resident_bytes(client) / 1e6, "MB")
    report.add("plg connect, share of one core", median(busy), "percent")


def main() -> bool:
    report = start("client_tunnel", f"plg connect --capture proxy, {RATE_PPS} packets/s, through a real relay")
    owner = ProcessOwner()
    with tempfile.TemporaryDirectory(prefix="plg-bench-") as folder:
        try:
            measure(report, Path(folder), ThisMachine(owner))
        finally:
            owner.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
