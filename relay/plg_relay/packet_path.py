"""The packet path: once per datagram, so straight lines; authenticate first, keep nothing per packet, count in integers.

Sans-IO: datagrams come as lists, as one system call gave them; what leaves is handed to the owner's `send` functions.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from plg.protocol.constants import DATA_OVERHEAD, MAX_PAYLOAD, MAX_PAYLOAD_PER_DATAGRAM, PHASE_BIT
from plg.protocol.errors import DropReason, FlowDenial
from plg.protocol.header import DATA_HEADER, DATA_UP
from plg.protocol.relay_handshake import Source
from plg_relay.counters import Counters
from plg_relay.session_table import Flow, Session, SocketGroup, wire_length

SendClient = Callable[[list[bytes], Source], int]
"""Send to one client, in order: how many went. Raises OSError when not even the first did."""

Arrivals = list[tuple[bytes, Source]]

_IS_DATA_UP: Final = 0xFF & ~PHASE_BIT


class PacketPath(ABC):
    """What happens to datagrams of known sessions. Clocks are monotonic seconds."""

    def __init__(self, sessions: dict[int, Session], send_client: SendClient) -> None:
        self.counters = Counters()
        self._sessions = sessions
        self._send_client = send_client
        self._with_late_copies: dict[Session, float] = {}

    @abstractmethod
    def _from_strangers(self, arrivals: Arrivals, now_s: float) -> None:
        """Datagrams of one wake-up that are of no known session, or of another type than DATA."""

    @abstractmethod
    def _after_control(self, session: Session, now_s: float, *, carry: bool = True) -> None:
        """Act on what the protocol core noticed. `carry` False: payloads in control frames, and answers, are over the cap."""

    def from_clients(self, arrivals: Arrivals, now_s: float) -> None:
        """Datagrams that came to the clients' port."""
        sessions = self._sessions
        counters = self.counters
        unpack = DATA_HEADER.unpack_from
        strangers: Arrivals = []
        for datagram, source in arrivals:
            length = len(datagram)
            if length < DATA_OVERHEAD or datagram[0] & _IS_DATA_UP != DATA_UP:
                strangers.append((datagram, source))
                continue
            t, cid, p, seq32 = unpack(datagram)
            session = sessions.get(cid)
            if session is None:
                strangers.append((datagram, source))
                continue
            protocol = session.protocol
            body = protocol.open(datagram, t, p, seq32, source, now_s)
            if body.__class__ is not bytes:
                self._dropped_up(session, body, length, now_s)  # type: ignore[arg-type]  # not bytes: a DropReason
                continue
            up = session.up
            if up.topped_up_s != now_s:
                up.top_up(now_s)
            over = up.packets_left < 1.0 or up.bytes_left < length
            if over:
                counters.drops[DropReason.RATE_PACKETS if up.packets_left < 1.0 else DropReason.RATE_BYTES_UP] += 1
                protocol.over_cap_up += 1
            else:
                up.packets_left -= 1.0
                up.bytes_left -= length
            if not body or protocol.outbox or protocol.events:
                self._after_control(session, now_s, carry=not over)
                if not body or session.closed:
                    continue
            if over:
                continue
            flow = session.flows.get(body[0])
            if flow is None:
                self._unknown_flow(session, body[0], now_s)
                continue
            budget = flow.budget
            if budget.topped_up_s != now_s:
                budget.top_up(now_s)
            if budget.left < 1.0:
                counters.drops[DropReason.RATE_DESTINATION] += 1
                protocol.over_cap_up += 1
                continue
            budget.left -= 1.0
            try:
                if flow.is_connected:
                    flow.send(body[1:])
                else:
                    flow.send(body[1:], flow.destination)
            except OSError as error:
                if not self._sent_after(error, flow, body[1:]):
                    continue
            flow.used_at_s = now_s
            flow.packets_up += 1
            session.bytes_up += length
            counters.packets_up += 1
            counters.bytes_up += length
        if strangers:
            self._from_strangers(strangers, now_s)

    def from_game(self, flow: Flow, payloads: list[bytes], now_s: float) -> None:
        """Replies of one flow's destination, as they came."""
        session = flow.group.session
        seal = session.protocol.seal_payload
        flow_id = flow.flow_id
        drops = self.counters.drops
        down = session.down
        down.top_up(now_s)
        sealed: list[bytes] = []
        copies: dict[int, list[bytes]] = {}
        is_redundant = session.protocol.is_redundant
        if session in self._with_late_copies:
            self._send_late_copies_of(session, now_s)
        for payload in payloads:
            length = len(payload) + DATA_OVERHEAD
            if down.packets_left < 1.0 or down.bytes_left < length:
                drops[DropReason.RATE_PACKETS if down.packets_left < 1.0 else DropReason.RATE_BYTES_DOWN] += 1
                session.protocol.over_cap_down += 1
                continue
            down.packets_left -= 1.0
            down.bytes_left -= length
            if length > MAX_PAYLOAD_PER_DATAGRAM + DATA_OVERHEAD:
                self._send_down(session, flow, sealed, now_s)
                sealed = []
                self._send_large(session, flow, payload, now_s)
                continue
            if is_redundant:
                self._collect_copies(session, session.protocol.send_payload(flow_id, payload, now_s), sealed, copies)
                continue
            sealed.append(seal(flow_id, payload))
        if sealed:
            self._send_down(session, flow, sealed, now_s)
        if is_redundant:
            self._send_copies(session, copies)

    def from_anybody(self, group: SocketGroup, arrivals: Arrivals, now_s: float) -> None:
        """What came to a game-facing socket that is open to all: only flows' destinations may answer."""
        of_flow: dict[Flow, list[bytes]] = {}
        for payload, source in arrivals:
            flow = group.by_source.get(source)
            if flow is None:
                self.counters.drops[DropReason.FOREIGN_REPLY] += 1
            else:
                of_flow.setdefault(flow, []).append(payload)
        for flow, payloads in of_flow.items():
            self.from_game(flow, payloads, now_s)

    # --- copies ------------------------------------------------------------------------------------------------------

    def _collect_copies(
        self, session: Session, sent: list[tuple[int, bytes]], sealed: list[bytes], copies: dict[int, list[bytes]]
    ) -> None:
        """First copies to `sealed`, further ones by path as far as the session's caps go."""
        sealed.append(sent[0][1])
        down = session.down
        for path, datagram in sent[1:]:
            if down.packets_left < 1.0 or down.bytes_left < len(datagram):
                self.counters.drops[DropReason.RATE_COPIES] += 1
                continue
            down.packets_left -= 1.0
            down.bytes_left -= len(datagram)
            copies.setdefault(path, []).append(datagram)

    def _send_copies(self, session: Session, copies: dict[int, list[bytes]]) -> None:
        for path, datagrams in copies.items():
            try:
                sent = self._send_client(datagrams, session.protocol.address_of(path))
            except OSError as error:
                self._count_failure(error, len(datagrams))
                continue
            self.counters.copies_down += sent
        if session.protocol.next_copy_s is not None and session not in self._with_late_copies:
            self._with_late_copies[session] = session.protocol.next_copy_s

    @property
    def next_copy_s(self) -> float | None:
        """When `send_late_copies` has something to do."""
        return min(self._with_late_copies.values(), default=None)

    def send_late_copies(self, now_s: float) -> None:
        """Copies that were held back so that they do not meet the fate of the first ones."""
        for session in [session for session, due_s in self._with_late_copies.items() if due_s <= now_s]:
            self._send_late_copies_of(session, now_s)

    def _send_late_copies_of(self, session: Session, now_s: float) -> None:
        del self._with_late_copies[session]
        if session.closed:
            return
        copies: dict[int, list[bytes]] = {}
        for path, datagram in session.protocol.late_copies(now_s):
            if session.down.take(len(datagram), now_s):
                copies.setdefault(path, []).append(datagram)
            else:
                self.counters.drops[DropReason.RATE_COPIES] += 1
        self._send_copies(session, copies)

    # --- what is rarer -----------------------------------------------------------------------------------------------

    def _send_down(self, session: Session, flow: Flow, sealed: list[bytes], now_s: float) -> None:
        if not sealed:
            return
        protocol = session.protocol
        try:
            sent = self._send_client(sealed, protocol.address)
        except OSError as error:
            self._count_failure(error, len(sealed))
            return
        if sent < len(sealed):
            self.counters.drops[DropReason.SEND_BUFFER] += len(sealed) - sent
        if protocol.trial_address(0) is not None:
            for datagram in sealed:
                trial = protocol.trial_address(len(datagram))
                if trial is not None:
                    self._send(datagram, trial)
        length = sum(map(len, sealed[:sent]))
        flow.used_at_s = now_s
        flow.packets_down += sent
        session.bytes_down += length
        self.counters.packets_down += sent
        self.counters.bytes_down += length

    def _send_large(self, session: Session, flow: Flow, payload: bytes, now_s: float) -> None:
        if len(payload) > MAX_PAYLOAD:
            self.counters.drops[DropReason.OVERSIZED] += 1
            return
        copies: dict[int, list[bytes]] = {}
        for path, datagram in session.protocol.send_large_payload(flow.flow_id, payload, now_s):
            copies.setdefault(path, []).append(datagram)
        for path, datagrams in copies.items():
            for datagram in datagrams:
                self._send(datagram, session.protocol.address_of(path))
        length = wire_length(len(payload))
        flow.used_at_s = now_s
        flow.packets_down += 1
        session.bytes_down += length
        self.counters.packets_down += 1
        self.counters.bytes_down += length

    def _send(self, datagram: bytes, address: Source) -> None:
        try:
            self._send_client([datagram], address)
        except OSError as error:
            self._count_failure(error)

    def _count_failure(self, error: OSError, count: int = 1) -> None:
        is_full = isinstance(error, BlockingIOError)
        self.counters.drops[DropReason.SEND_BUFFER if is_full else DropReason.SEND_ERROR] += count

    @staticmethod
    def _send_game(flow: Flow, payload: bytes) -> None:
        if flow.is_connected:
            flow.send(payload)
        else:
            flow.send(payload, flow.destination)

    def _sent_after(self, error: OSError, flow: Flow, payload: bytes) -> bool:
        """A connected socket reports the ICMP error of an earlier datagram instead of sending this one: once more, then."""
        if isinstance(error, ConnectionRefusedError):
            try:
                self._send_game(flow, payload)
            except OSError as again:
                error = again
            else:
                return True
        self._count_failure(error)
        return False

    def _send_up(self, session: Session, flow: Flow, payload: bytes, now_s: float) -> None:
        """A payload that came inside FLOW_OPEN."""
        if not flow.budget.take(now_s):
            self.counters.drops[DropReason.RATE_DESTINATION] += 1
            session.protocol.over_cap_up += 1
            return
        try:
            self._send_game(flow, payload)
        except OSError as error:
            if not self._sent_after(error, flow, payload):
                return
        flow.used_at_s = now_s
        flow.packets_up += 1
        length = wire_length(len(payload))
        session.bytes_up += length
        self.counters.packets_up += 1
        self.counters.bytes_up += length

    def _recovered(self, session: Session, flow_id: int, payload: bytes, now_s: float) -> None:
        """A payload that only its repetition brought."""
        flow = session.flows.get(flow_id)
        if flow is not None:
            self._send_up(session, flow, payload, now_s)

    def _dropped_up(self, session: Session, reason: DropReason, length: int, now_s: float) -> None:
        self.counters.drops[reason] += 1
        if reason is DropReason.DUPLICATE:  # authentic, so it counts against the caps, copies included
            session.up.take(length, now_s)
        elif (
            reason is DropReason.MALFORMED
        ):  # perhaps authentic and from a new address, which is then asked to prove itself
            self._after_control(session, now_s, carry=False)

    def _unknown_flow(self, session: Session, flow_id: int, now_s: float) -> None:
        self.counters.drops[DropReason.UNKNOWN_FLOW] += 1
        if session.notes.take(1.0, now_s):
            session.protocol.deny_flow(flow_id, FlowDenial.UNKNOWN_FLOW)
            self._flush(session)

    def _flush(self, session: Session) -> None:
        for datagram, address in session.protocol.datagrams_to_send():
            self._send(datagram, address)
