"""What the relay remembers: sessions by id, their flows, and the socket groups (client local ports) that flows share.

Plain objects with slots; the packet path reads and counts in them directly. No sockets and no clock here.
"""

from collections.abc import Callable
from typing import Final

from plg.protocol.constants import CLOCK_SKEW_S, CLOSE_TOMBSTONE_S, DATA_OVERHEAD
from plg.protocol.destination import AccessList, Address
from plg.protocol.relay_handshake import Source
from plg.protocol.relay_session import RelaySession
from plg.protocol.ticket import TicketCaps
from plg_relay.limits import TokenBucket, source_prefix
from plg_relay.timer_wheel import TimerWheel

SendGame = Callable[..., int]
"""A game-facing socket's `sendto(payload, destination)`, or `send(payload)` where the socket is connected to the one destination."""

UNCONFIRMED_IDLE_S: Final = 10.0
"""A session whose client never used the keys of WELCOME: a client repeats HELLO each second and gives up after 6 s."""

UNKNOWN_FLOW_NOTES_PER_S: Final = 10.0
"""FLOW_DENY(unknown flow) tells a client to open it again; a client that floods an unknown flow gets few of them."""

BURST_S: Final = 1.0
"""Caps are saved up for one second: games send in bursts at map changes."""


class Allowance:
    """Packets and bytes that one direction of a session may still send: two token buckets that share a clock.

    The packet path does the taking in place: `top_up` once per wake-up, then compare and subtract. Over any time t at most
    (BURST_S + t) * rate pass.
    """

    __slots__ = ("bytes_left", "bytes_per_s", "packets_left", "packets_per_s", "topped_up_s")

    def __init__(self, packets_per_s: float, kbit_per_s: float, now_s: float) -> None:
        self.packets_per_s = float(packets_per_s)
        self.bytes_per_s = kbit_per_s * 125.0
        self.packets_left = self.packets_per_s * BURST_S
        self.bytes_left = self.bytes_per_s * BURST_S
        self.topped_up_s = now_s

    def change(self, packets_per_s: float, kbit_per_s: float) -> None:
        """New rates from now on; what is saved is cut to the new burst."""
        self.packets_per_s = float(packets_per_s)
        self.bytes_per_s = kbit_per_s * 125.0
        self.packets_left = min(self.packets_left, self.packets_per_s * BURST_S)
        self.bytes_left = min(self.bytes_left, self.bytes_per_s * BURST_S)

    def top_up(self, now_s: float) -> None:
        """Add what has accrued since the last time."""
        elapsed_s = now_s - self.topped_up_s
        self.topped_up_s = now_s
        self.packets_left = min(self.packets_left + elapsed_s * self.packets_per_s, self.packets_per_s * BURST_S)
        self.bytes_left = min(self.bytes_left + elapsed_s * self.bytes_per_s, self.bytes_per_s * BURST_S)

    def take(self, length: int, now_s: float) -> bool:
        """One packet of `length` bytes, where speed does not matter."""
        self.top_up(now_s)
        if self.packets_left < 1.0 or self.bytes_left < length:
            return False
        self.packets_left -= 1.0
        self.bytes_left -= length
        return True


class DestinationBudget:
    """Packets that all sessions together may still send to one game server address and port."""

    __slots__ = ("flows", "left", "rate_per_s", "topped_up_s")

    def __init__(self, rate_per_s: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.left = rate_per_s * BURST_S
        self.topped_up_s = now_s
        self.flows = 0

    def top_up(self, now_s: float) -> None:
        """Add what has accrued since the last time."""
        self.left = min(self.left + (now_s - self.topped_up_s) * self.rate_per_s, self.rate_per_s * BURST_S)
        self.topped_up_s = now_s

    def take(self, now_s: float) -> bool:
        """One packet, where speed does not matter."""
        self.top_up(now_s)
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True


class SocketGroup:
    """One client local port, seen by game servers as one port of ours. `by_source` says whose replies are welcome."""

    __slots__ = ("by_source", "egress_port", "flow_count", "local_port", "session", "used_at_s")

    def __init__(self, session: "Session", local_port: int, now_s: float) -> None:
        self.session = session
        self.local_port = local_port
        self.egress_port = 0
        self.by_source: dict[Source, Flow] = {}
        self.flow_count = 0
        self.used_at_s = now_s


class Flow:
    """One conversation with one game server address."""

    __slots__ = (
        "address",
        "budget",
        "destination",
        "flow_id",
        "group",
        "is_connected",
        "opened_seq",
        "packets_down",
        "packets_up",
        "send",
        "used_at_s",
    )

    def __init__(
        self,
        flow_id: int,
        group: SocketGroup,
        address: Address,
        destination: Source,
        budget: DestinationBudget,
        opened_seq: int,
        now_s: float,
    ) -> None:
        self.flow_id = flow_id
        self.group = group
        self.address = address
        self.destination = destination
        self.send: SendGame = _not_attached
        self.is_connected = False
        self.budget = budget
        self.opened_seq = opened_seq
        self.packets_up = 0
        self.packets_down = 0
        self.used_at_s = now_s


def _not_attached(*_: object) -> int:
    raise RuntimeError("a flow sends after GameSide.attach")


class Session:
    """One client: its protocol core, its flows, what it may use and has used."""

    __slots__ = (
        "access",
        "bytes_down",
        "bytes_up",
        "cid",
        "closed",
        "denials",
        "down",
        "flow_opens",
        "flows",
        "groups",
        "locked_until_s",
        "notes",
        "opened_at_s",
        "packets_of_closed_flows",
        "prefix",
        "protocol",
        "up",
    )

    def __init__(
        self,
        protocol: RelaySession,
        caps: TicketCaps,
        access: list[AccessList],
        source: Source,
        flow_opens: TokenBucket,
        denials: TokenBucket,
        now_s: float,
    ) -> None:
        self.protocol = protocol
        self.cid = protocol.cid
        self.access = access
        self.prefix = source_prefix(source[0])
        self.up = Allowance(caps.packets_per_second, caps.kbit_per_second_up, now_s)
        self.down = Allowance(caps.packets_per_second, caps.kbit_per_second_down, now_s)
        self.flows: dict[int, Flow] = {}
        self.groups: dict[int, SocketGroup] = {}
        self.flow_opens = flow_opens
        self.denials = denials
        self.locked_until_s = 0.0
        self.opened_at_s = now_s
        self.notes = TokenBucket(UNKNOWN_FLOW_NOTES_PER_S, UNKNOWN_FLOW_NOTES_PER_S, now_s)
        self.packets_of_closed_flows = [0, 0]
        self.bytes_up = 0
        self.bytes_down = 0
        self.closed = False

    def inherit(self, before: "Session") -> None:
        """Take over limits from an earlier session with the same id."""
        caps = self.protocol.ticket.caps
        self.up, self.down = before.up, before.down
        self.up.change(caps.packets_per_second, caps.kbit_per_second_up)
        self.down.change(caps.packets_per_second, caps.kbit_per_second_down)
        self.flow_opens = before.flow_opens
        self.denials = before.denials
        self.locked_until_s = before.locked_until_s


class SessionTable:
    """Sessions by id, how many each source has, and the ids that have just closed."""

    def __init__(self, now_s: float, *, session_idle_s: float, unix_offset_s: Callable[[], float]) -> None:
        """`unix_offset_s()` + monotonic seconds = the server's Unix time."""
        self.by_cid: dict[int, Session] = {}
        self._session_idle_s = session_idle_s
        self._unix_offset_s = unix_offset_s
        self._per_prefix: dict[str, int] = {}
        self._tombstones: dict[int, tuple[float, Session]] = {}
        self._wheel: TimerWheel[Session] = TimerWheel(self.due_at_s, now_s)

    def __len__(self) -> int:
        return len(self.by_cid)

    def of_source(self, source: Source) -> int:
        """Sessions opened from this address (/64 for IPv6)."""
        return self._per_prefix.get(source_prefix(source[0]), 0)

    def add(self, session: Session) -> None:
        """Open a session. One that closed a moment ago goes on with what it had left: re-opening must not refill caps."""
        before = self._tombstones.pop(session.cid, None)
        if before is not None:
            session.inherit(before[1])
        self.by_cid[session.cid] = session
        self._per_prefix[session.prefix] = self._per_prefix.get(session.prefix, 0) + 1
        self._wheel.add(session)

    def remove(self, session: Session, now_s: float) -> None:
        """Forget the session; its id is remembered for a moment, so that late packets are no strangers."""
        del self.by_cid[session.cid]
        session.closed = True
        left = self._per_prefix[session.prefix] - 1
        if left:
            self._per_prefix[session.prefix] = left
        else:
            del self._per_prefix[session.prefix]
        self._tombstones[session.cid] = (now_s + CLOSE_TOMBSTONE_S, session)

    def is_tombstone(self, cid: int, now_s: float) -> bool:
        """Whether this id closed less than 15 s ago."""
        return cid in self._tombstones and self._tombstones[cid][0] > now_s

    def due_at_s(self, session: Session) -> float:
        """When the session ends if nothing is heard: idle, never confirmed, or its ticket over. Closed ones: at once."""
        if session.closed:
            return 0.0
        return min(self.idle_at_s(session), self.expires_at_s(session))

    def idle_at_s(self, session: Session) -> float:
        """The end of the client's silence."""
        protocol = session.protocol
        return protocol.heard_at_s + (self._session_idle_s if protocol.is_confirmed else UNCONFIRMED_IDLE_S)

    def expires_at_s(self, session: Session) -> float:
        """The end of the ticket, with the skew that clocks are allowed, in our clock."""
        return session.protocol.ticket.expires_at_s + CLOCK_SKEW_S - self._unix_offset_s()

    def expired(self, now_s: float) -> list[Session]:
        """Sessions whose time is over (still in the table); also forgets old tombstones."""
        for cid in [cid for cid, (until_s, _) in self._tombstones.items() if until_s <= now_s]:
            del self._tombstones[cid]
        return [session for session in self._wheel.expired(now_s) if not session.closed]


def wire_length(payload_length: int) -> int:
    """Bytes of the UDP payload towards the client that carry this game payload: what caps are counted in."""
    return payload_length + DATA_OVERHEAD
