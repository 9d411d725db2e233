"""A relay as a transit beside the plain C forwarder: CPU per forwarded packet at saturation."""

import os
import secrets
import socket
import sys
import time
from ipaddress import ip_address

from benchmarks.c_baseline import c_forwarder
from benchmarks.figures import Report, median, start, talk
from benchmarks.packet_engine import Datagrams, udp_socket
from benchmarks.relay_forwarding import FLOWS, PAYLOAD, ROUNDS, Subject, c_subject
from benchmarks.relay_stand import KEY_ID, RELAY_ID, TICKET_LIFE_S, WIDE_CAPS, RunningRelay, running_relay
from plg.protocol.client_handshake import ClientGrant, ClientHandshake
from plg.protocol.constants import DATA_OVERHEAD
from plg.protocol.destination import pack_address
from plg.protocol.errors import DropReason
from plg.protocol.header import DATA_DOWN, DATA_UP, pack_data_header
from plg.protocol.ticket import ROLE_TRANSIT, TransitTicket, seal_transit_ticket

MOST_RATIO = 1.8
"""As the exit's, which does much more for a packet: forwarding must not be the dearer half of a path."""
ANSWER_TIMEOUT_S = 5.0


def new_pass(relay: RunningRelay, next_hop: tuple[str, int]) -> ClientGrant:
    """What the server would hand out for a path through this relay."""
    now_s = int(time.time())
    ticket = TransitTicket(
        cid=secrets.randbits(64),
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
    return ClientGrant(ticket.cid, ticket.secret, sealed, RELAY_ID)


def bind(relay: RunningRelay, next_hop: tuple[str, int]) -> tuple[socket.socket, int]:
    """A client's socket that the relay forwards for, and its session id."""
    client = udp_socket()
    client.connect(("127.0.0.1", relay.port))
    client.settimeout(ANSWER_TIMEOUT_S)
    grant = new_pass(relay, next_hop)
    handshake = ClientHandshake(os.urandom, (time.time() - time.monotonic()) * 1000, role=ROLE_TRANSIT, path=1)
    client.send(handshake.start(grant, time.monotonic()))
    answer = handshake.receive_welcome(client.recv(2048), grant)
    if isinstance(answer, DropReason) or answer[0].status:
        raise RuntimeError(f"the relay does not forward: {answer}")
    client.settimeout(None)
    return client, grant.cid


def transit_subject(relay: RunningRelay, exit_side: socket.socket) -> Subject:
    """Sessions whose exit is a socket of ours; no end point's keys are needed, for a transit has none."""
    bound = [bind(relay, exit_side.getsockname()) for _ in range(FLOWS)]

    def frames(first: int, count: int) -> Datagrams:
        sealed = os.urandom(DATA_OVERHEAD - 14 + len(PAYLOAD))
        made = [pack_data_header(first, cid, 1 << 5, 0) + sealed for _, cid in bound]
        return Datagrams([made[index % FLOWS] for index in range(count)], batch=1)

    for client, cid in bound:
        client.send(pack_data_header(DATA_UP, cid, 1 << 5, 0) + bytes(DATA_OVERHEAD - 14))
        exit_side.recv(2048)
    return Subject(
        "transit",
        relay.pid,
        exit_side,
        [client for client, _ in bound],
        [("127.0.0.1", relay.port)],
        lambda count: frames(DATA_UP, count),
        lambda count: frames(DATA_DOWN, count),
    )


def compare(report: Report) -> None:
    """In turns with the C forwarder, as the exit is measured."""
    game, exit_side = udp_socket(), udp_socket()
    with c_forwarder(game) as (c_pid, c_port), running_relay() as relay:
        c, transit = c_subject(c_pid, c_port, game), transit_subject(relay, exit_side)
        for number in range(ROUNDS):
            for subject in (c, transit) if number % 2 == 0 else (transit, c):
                subject.saturate_up()
                subject.saturate_down()
                talk(
                    f"round {number + 1}: {subject.name} up {subject.cost_up_us[-1]:.2f}, "
                    f"down {subject.cost_down_us[-1]:.2f} us"
                )
        for way in ("up", "down"):
            report.add(f"C forwarder, CPU per packet, {way}", median(getattr(c, f"cost_{way}_us")), "us")
            report.add(f"transit, CPU per packet, {way}", median(getattr(transit, f"cost_{way}_us")), "us")
        ours = median(transit.cost_up_us) + median(transit.cost_down_us)
        ratio = ours / (median(c.cost_up_us) + median(c.cost_down_us))
        report.add("transit forwarding / C forwarder", ratio, "times", target=MOST_RATIO)


def main() -> bool:
    report = start(
        "transit_forwarding", f"{FLOWS} sessions, DATA of {DATA_OVERHEAD + len(PAYLOAD)} bytes, every check on"
    )
    compare(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(not main())
