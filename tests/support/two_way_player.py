"""A player with two ways to the exit on real sockets: straight, and through a transit relay."""

import os
import socket
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import msgspec

from plg.contract.relay_control import TicketKey
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import ClientSession, PathState, TransitPass
from plg.protocol.destination import pack_address
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.protocol.ticket import ExitTicket, TransitTicket, seal_ticket, seal_transit_ticket
from support.live_relay import LivePlane, LivePlayer, enrolled_identity, game_socket, lab_policy, live_plane
from support.relay_bench import KEY_ID, PROFILE_ID, RELAY_ID, TICKET_KEY, WIDE, Source, unix_now

HOST = "127.0.0.1"
VIA_TRANSIT = 1
TRANSIT_ID = RELAY_ID + 1
TRANSIT_KEY = b"ticket key of the transit relay."
LIFE_S = 3600


def enrolled_transit(data_dir: Path) -> None:
    """The data directory of a relay of its own: what is sealed for the exit is nothing to it."""
    enrolled_identity(data_dir, relay_id=TRANSIT_ID, ticket_key=TRANSIT_KEY)


@asynccontextmanager
async def live_transit(tmp_path: Path, *, transit: bool = True) -> AsyncIterator[LivePlane]:
    """Such a relay in this process."""
    keys = [TicketKey(key_id=KEY_ID, key=b64encode(TRANSIT_KEY).decode())]
    policy = msgspec.structs.replace(lab_policy(), ticket_keys=keys)
    async with live_plane(tmp_path, policy, relay_id=TRANSIT_ID, transit=transit) as relay:
        yield relay


def transit_pass(cid: int, exit_: Source, *, life_s: int = LIFE_S) -> TransitPass:
    """What the server hands out, now, for a path to `exit_` through another relay."""
    now_s = int(unix_now())
    packed = pack_address(ip_address(exit_[0]))
    ticket = TransitTicket(cid, now_s, now_s + life_s, b"T" * 32, packed, exit_[1], 60_000, 60_000, 60_000)
    return TransitPass(ticket.secret, seal_transit_ticket(ticket, TRANSIT_KEY, KEY_ID, TRANSIT_ID, os.urandom(12)))


def two_way_grant(cid: int, transit_host: str = HOST) -> ClientGrant:
    """A ticket of now for two paths, the second through a relay at `transit_host`."""
    now_s = int(unix_now())
    ticket = ExitTicket(
        cid=cid,
        user_ref=5,
        issued_at_s=now_s,
        expires_at_s=now_s + LIFE_S,
        secret=b"K" * 32,
        profile_id=PROFILE_ID,
        profile_revision=1,
        max_paths=2,
        caps=WIDE,
        transits=((VIA_TRANSIT, pack_address(ip_address(transit_host))),),
    )
    sealed = seal_ticket(ticket, TICKET_KEY, KEY_ID, RELAY_ID, os.urandom(12))
    return ClientGrant(cid, ticket.secret, sealed, RELAY_ID)


@dataclass
class TwoWayPlayer(LivePlayer):
    """`ways`: path -> its socket and where it sends. `cut` paths send and hear nothing."""

    ways: dict[int, tuple[socket.socket, Source]] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)

    @classmethod
    def between(cls, exit_port: int, transit_port: int, cid: int, mode: RedundancyMode) -> "TwoWayPlayer":
        session = ClientSession(
            two_way_grant(cid),
            entropy=os.urandom,
            unix_ms_offset=(time.time() - time.monotonic()) * 1000,
            redundancy=Redundancy(mode),
        )
        player = cls(session, (HOST, exit_port), game_socket())
        player.ways = {0: (player.opened, player.relay), VIA_TRANSIT: (game_socket(), (HOST, transit_port))}
        return player

    async def connect_both(self) -> None:
        """Until both paths carry."""
        await self.connect()
        self.add_transit()
        await self.until(
            lambda: self.session.paths[VIA_TRANSIT] in (PathState.ACTIVE, PathState.STANDBY), "second path"
        )

    def add_transit(self) -> None:
        """Ask for the second path."""
        exit_ = self.ways[0][1]
        self.session.add_path(VIA_TRANSIT, transit_pass(self.session.cid, exit_), time.monotonic())
        self._flush()

    def _flush(self) -> None:
        for path, datagram in self.session.datagrams_to_send():
            if path in self.ways and path not in self.cut:
                opened, address = self.ways[path]
                opened.sendto(datagram, address)

    def step(self) -> None:
        now = time.monotonic()
        due_s = self.session.next_timeout()
        if due_s is not None and due_s <= now:
            self.session.handle_timeout(now)
        for path, (opened, _) in self.ways.items():
            try:
                while True:
                    datagram = opened.recv(2048)
                    if path not in self.cut:
                        self.session.receive_datagram(datagram, path, now)
            except OSError:  # empty, or the relay's port is closed just now
                pass
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
        self._flush()

    def close(self) -> None:
        for opened, _ in self.ways.values():
            opened.close()
