"""Transit relays made of the real protocol cores: over a scripted link in fake time, or on a loopback UDP socket."""

import asyncio
import os
import socket
import time
from ipaddress import ip_address

from plg.protocol.client_session import TransitPass
from plg.protocol.constants import TYPE_HELLO, TYPE_LPING
from plg.protocol.destination import pack_address
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.handshake import HELLO_ROLE_AT
from plg.protocol.header import Outer, parse_outer
from plg.protocol.relay_handshake import RelayHandshake, Source, TransitAccepted
from plg.protocol.ticket import ROLE_TRANSIT, TransitTicket, seal_transit_ticket
from support.fake_time import FakeClock
from support.loopback_relay import TICKET_KEY, UNIX_S, RelayBrain, ScriptedPath

TRANSIT_IDS = 900


def make_transit_pass(
    cid: int, secret: bytes, next_hop: Source, *, relay_id: int, now_unix_s: float = UNIX_S, expires_in_s: float = 3600
) -> TransitPass:
    """The right to reach `next_hop` through the transit relay `relay_id`."""
    address = pack_address(ip_address(next_hop[0]))
    issued_s, expires_s = int(now_unix_s), int(now_unix_s + expires_in_s)
    ticket = TransitTicket(cid, issued_s, expires_s, secret, address, next_hop[1], 1000, 4000, 8000)
    return TransitPass(secret, seal_transit_ticket(ticket, TICKET_KEY, 1, relay_id, os.urandom(12)))


def transit_address(number: int) -> Source:
    """Where transit `number` stands, as its exit sees it."""
    return (f"192.0.2.{100 + number}", 41000 + number)


def packed_transit(number: int) -> bytes:
    """The same as a ticket lists it."""
    return pack_address(ip_address(transit_address(number)[0]))


class ScriptedTransit(ScriptedPath):
    """A path through a transit relay of its own: it binds for a genuine HELLO of a transit, then forwards both ways."""

    def __init__(self, brain: RelayBrain, clock: FakeClock, number: int, *, delay_s: float = 0.015) -> None:
        super().__init__(brain, clock, delay_s=delay_s)
        self.relay_id = TRANSIT_IDS + number
        self.source = transit_address(number)
        self.handshake = RelayHandshake(self.relay_id, {1: TICKET_KEY}, os.urandom(8), os.urandom)
        self.refusal: WelcomeStatus | None = None
        self.bound = 0

    def arrive(self, datagram: bytes, source: Source) -> None:
        if not self.is_up:
            return
        unix_s = UNIX_S + self._clock.time() + self.skew_s
        answer = answer_transit_hello(self.handshake, datagram, ("192.0.2.9", 40001), unix_s, self.refusal)
        if answer is not None:
            self.bound += self.refusal is None
            self._clock.call_at(self._clock.time() + self.delay_s, lambda: self.inject(answer))
        elif self.bound:
            super().arrive(datagram, source)

    def follow_network(self, *, force: bool = False) -> bool:
        return force  # the exit sees the transit's address, whatever ours is


def answer_transit_hello(
    handshake: RelayHandshake, datagram: bytes, source: Source, unix_s: float, refusal: WelcomeStatus | None
) -> bytes | None:
    """A transit's WELCOME; None for what is no HELLO to it."""
    outer = parse_outer(datagram)
    if not isinstance(outer, Outer) or outer.kind != TYPE_HELLO or datagram[HELLO_ROLE_AT] != ROLE_TRANSIT:
        return None
    accepted = handshake.receive_hello(datagram, source, unix_s, under_load=False)
    if not isinstance(accepted, TransitAccepted):
        return None
    return handshake.answer_transit(accepted, source, refusal or WelcomeStatus.OK, ip_address(source[0]), unix_s)


class LoopbackTransit:
    """A transit relay on a UDP socket of this machine: binds for genuine HELLOs, forwards, counts."""

    def __init__(self, relay_id: int) -> None:
        self.relay_id = relay_id
        self.handshake = RelayHandshake(relay_id, {1: TICKET_KEY}, os.urandom(8), os.urandom)
        self.refusal: WelcomeStatus | None = None
        self.forwarded = 0
        self.port = 0
        self._clients: dict[int, Source] = {}
        self._next_hop: dict[int, Source] = {}
        self._socket: socket.socket | None = None

    def open(self) -> "LoopbackTransit":
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setblocking(False)
        opened.bind(("127.0.0.1", self.port))
        self.port = opened.getsockname()[1]
        self._socket = opened
        asyncio.get_running_loop().add_reader(opened, self._read)
        return self

    def close(self) -> None:
        """As a killed process."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _read(self) -> None:
        while self._socket is not None:
            try:
                datagram, source = self._socket.recvfrom(2048)
            except OSError:
                return
            outer = parse_outer(datagram)
            if not isinstance(outer, Outer):
                continue
            if outer.kind == TYPE_LPING:
                stamp = int(time.monotonic() * 1_000_000)
                pong = self.handshake.answer_probe(datagram, source, time.time(), stamp, stamp)
                if not isinstance(pong, DropReason):
                    self._socket.sendto(pong, source)
            elif outer.kind == TYPE_HELLO and datagram[HELLO_ROLE_AT] == ROLE_TRANSIT:
                self._bind(self._socket, datagram, source)
            else:
                self._forward(self._socket, outer.cid, datagram, source)

    def _bind(self, opened: socket.socket, datagram: bytes, source: Source) -> None:
        accepted = self.handshake.receive_hello(datagram, source, time.time(), under_load=False)
        if not isinstance(accepted, TransitAccepted):
            return
        status = self.refusal or WelcomeStatus.OK
        if status is WelcomeStatus.OK:
            ticket = accepted.ticket
            self._clients[ticket.cid] = source
            self._next_hop[ticket.cid] = (str(ticket.next_hop_address), ticket.next_hop_port)
        opened.sendto(
            self.handshake.answer_transit(accepted, source, status, ip_address(source[0]), time.time()), source
        )

    def _forward(self, opened: socket.socket, cid: int, datagram: bytes, source: Source) -> None:
        client, next_hop = self._clients.get(cid), self._next_hop.get(cid)
        if client is None or next_hop is None:
            return
        to = {client: next_hop, next_hop: client}.get(source)
        if to is not None:
            self.forwarded += 1
            opened.sendto(datagram, to)
