"""A real session with one relay for measuring: pings on its path, and questions to the game server as one of its flows."""

import asyncio
import base64
import os
from typing import Final

from plg.cli.direct_measuring import prepare_socket
from plg.contract.sessions import SessionGrant
from plg.probe.query_ping import Receive
from plg.protocol.client_session import ClientSession
from plg.protocol.errors import CloseReason
from plg.protocol.events import (
    Established,
    FlowRefused,
    HandshakeRefused,
    HandshakeTimedOut,
    PayloadReceived,
    SessionClosed,
)
from plg.tunnel.clock import LoopClock, Timer
from plg.tunnel.grants import client_grant, header_mask
from plg.tunnel.relay_path import RelayPath, find_relay
from plg.tunnel.session_opening import RelaysUnreachable

FIRST_LOCAL_PORT: Final = 27100
LOCAL_PORTS: Final = 12
"""Implementation. Ports to ask from, one after the other: a ticket allows 16, and a port comes up again only after eleven lost answers."""
FLUSH_S: Final = 0.1
"""Implementation. CLOSE is said three times, 20 ms apart."""

__all__ = ["BenchSession", "FlowCarrier"]


class BenchSession:
    """One session on one path. Made by `open`."""

    def __init__(self, grant: SessionGrant, session: ClientSession, path: RelayPath, clock: LoopClock) -> None:
        self.grant = grant
        self.refused_flow: int | None = None
        """Why the relay does not carry the flow to the game server, once it has said so."""
        self._session = session
        self._path = path
        self._clock = clock
        self._timer: Timer | None = None
        self._outcome: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._sampled = asyncio.Event()
        self._sampled_at_s = float("-inf")
        self._receivers: dict[int, Receive] = {}
        self.is_over = False

    @classmethod
    async def open(cls, grant: SessionGrant) -> "BenchSession":
        """Shake hands. Raises RelaysUnreachable, BadGrant or OSError."""
        clock = LoopClock()
        granted_at_s = clock.time()
        secrets, mask = client_grant(grant), header_mask(grant.relay)
        address = await find_relay(grant.relay.host, grant.relay.port)
        path = RelayPath(address, prepare=prepare_socket, mask=mask)
        session = ClientSession(secrets, entropy=os.urandom, unix_ms_offset=grant.server_time_ms - granted_at_s * 1000)
        made = cls(grant, session, path, clock)
        path.start(made._receive)
        session.connect(clock.time())
        made._settle()
        try:
            reason = await made._outcome
        except BaseException:
            path.close()
            raise
        if reason is not None:
            path.close()
            raise RelaysUnreachable([grant.relay.name], [reason])
        return made

    async def ping(self, timeout_s: float) -> float | None:
        """One round trip to the relay on the session's path, in milliseconds; None when nothing came in time."""
        asked_at_s = self._clock.time()
        self._sampled.clear()
        self._session.probe(asked_at_s)
        self._settle()
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    await self._sampled.wait()
                    self._sampled.clear()
                    way = self._session.way(0)
                    sample = way.meter.last_sample if way is not None else None
                    # The session pings by itself too: its answer to an earlier question is not the one to this.
                    if sample is not None and sample.at_s - sample.rtt_us / 1e6 >= asked_at_s - 0.001:
                        return sample.rtt_us / 1000
        except TimeoutError:
            return None

    def renew(self, ticket: str) -> None:
        """Bring a newer ticket to the relay."""
        self._session.renew_ticket(base64.b64decode(ticket), self._clock.time())
        self._settle()

    def send(self, flow: tuple[int, str, int], payload: bytes) -> None:
        """One payload of the flow; dropped while the session does not take any."""
        self._session.send_payload(flow, payload, self._clock.time())
        self._settle()

    def listen(self, local_port: int, receive: Receive) -> None:
        """Payloads for this local port go to `receive`, and those for others to nobody."""
        self._receivers = {local_port: receive}

    async def close(self) -> None:
        """Say goodbye."""
        self._session.close(self._clock.time(), CloseReason.USER)
        self._settle()
        await asyncio.sleep(FLUSH_S)
        if self._timer is not None:
            self._timer.cancel()
        self._path.close()

    def _receive(self, datagram: bytes) -> None:
        self._session.receive_datagram(datagram, 0, self._clock.time())
        self._settle()

    def _settle(self) -> None:
        """Send what is due, tell what happened, set the timer."""
        self._flush()
        while (event := self._session.next_event()) is not None:
            if isinstance(event, PayloadReceived):
                receive = self._receivers.get(event.flow[0])
                if receive is not None:
                    receive(event.payload)
            elif isinstance(event, FlowRefused):
                self.refused_flow = event.reason
            elif isinstance(event, SessionClosed):
                self.is_over = True
                self._decide("closed")
            elif isinstance(event, Established):
                self._decide(None)
            elif isinstance(event, HandshakeRefused):
                self._decide(event.status.name.lower())
            elif isinstance(event, HandshakeTimedOut):
                self._decide("no answer")
        self._flush()
        self._notice_sample()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_s = self._session.next_timeout()
        if due_s is not None:
            self._timer = self._clock.call_at(due_s, self._tick)

    def _notice_sample(self) -> None:
        way = self._session.way(0)
        sample = way.meter.last_sample if way is not None else None
        if sample is not None and sample.at_s > self._sampled_at_s:
            self._sampled_at_s = sample.at_s
            self._sampled.set()

    def _decide(self, reason: str | None) -> None:
        if not self._outcome.done():
            self._outcome.set_result(reason)

    def _tick(self) -> None:
        self._timer = None
        self._session.handle_timeout(self._clock.time())
        self._settle()

    def _flush(self) -> None:
        for _path, datagram in self._session.datagrams_to_send():
            self._path.send(datagram)


class FlowCarrier:
    """Questions to the game server as a flow of the session: the whole way there and back through the relay."""

    def __init__(self, session: BenchSession, host: str, port: int) -> None:
        self._session = session
        self._address = (host, port)
        self._number = 0
        self._receive: Receive | None = None

    def start(self, receive: Receive) -> None:
        self._receive = receive
        self._listen()

    def send(self, datagram: bytes) -> None:
        self._session.send((self._local_port, *self._address), datagram)

    def change_port(self) -> None:
        self._number = (self._number + 1) % LOCAL_PORTS
        self._listen()

    def close(self) -> None:
        self._session.listen(0, lambda _payload: None)

    @property
    def _local_port(self) -> int:
        return FIRST_LOCAL_PORT + self._number

    def _listen(self) -> None:
        if self._receive is not None:
            self._session.listen(self._local_port, self._receive)
