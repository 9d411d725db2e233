"""A transit relay without sockets, in fake time: genuine HELLOs of role 1, frames of a session, and whom it sends to."""

from dataclasses import dataclass, replace
from ipaddress import ip_address

import msgspec

from plg.protocol.constants import COOKIE_LENGTH, DATA_OVERHEAD, HELLO_LENGTH, NO_SESSION_LENGTH
from plg.protocol.destination import Address, pack_address
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.handshake import WELCOME_MIN_LENGTH, Cookie, Hello, Welcome, build_hello, open_welcome
from plg.protocol.header import DATA_DOWN, DATA_UP, outer_byte
from plg.protocol.ticket import ROLE_TRANSIT, TransitTicket, seal_transit_ticket
from plg_relay.policy import NextHop, Policy
from plg_relay.transit_desk import TransitLimits
from support.relay_bench import HOME, KEY_ID, RELAY_ID, TICKET_KEY, UNIX_S, RelayBench, Source, a_policy

EXIT: Source = ("93.184.217.1", 443)
OTHER_EXIT: Source = ("93.184.217.2", 443)
SELF: Source = ("93.184.218.1", 4430)
STRANGER: Source = ("90.1.2.3", 4)
CID = 0x0102030405060708
SECRET = b"t" * 32
NONCE = b"n" * 16
Sent = list[tuple[bytes, Source]]


def exits_policy(*exits: Source) -> Policy:
    """Two other relays are known, if nothing else is said."""
    return msgspec.structs.replace(a_policy(), next_hops=[NextHop(*hop) for hop in exits or (EXIT, OTHER_EXIT)])


def limits(*, most: int = 1000, per_address: int = 8, bound: str = "0.0.0.0") -> TransitLimits:
    address: Address = ip_address(bound)
    return TransitLimits(most, per_address, address, frozenset({ip_address(SELF[0])}), frozenset({SELF[1]}))


def a_transit_ticket(
    cid: int = CID, next_hop: Source = EXIT, *, life_s: int = 4 * 3600, pps: int = 60_000, kbit: int = 60_000
) -> TransitTicket:
    packed = pack_address(ip_address(next_hop[0]))
    issued = int(UNIX_S)
    return TransitTicket(cid, issued, issued + life_s, SECRET, packed, next_hop[1], pps, kbit, kbit)


def transit_hello(
    ticket: TransitTicket,
    at_s: float = UNIX_S,
    *,
    nonce: bytes = NONCE,
    path: int = 1,
    cookie: Cookie = Cookie(),  # noqa: B008 - frozen
    relay_id: int = RELAY_ID,
) -> bytes:
    """What a client that has this ticket sends at this Unix time."""
    token = seal_transit_ticket(ticket, TICKET_KEY, KEY_ID, relay_id, b"ticket nonce")
    hello = Hello(ticket.cid, path, int(at_s * 1000), nonce, token, b"", cookie, ROLE_TRANSIT)
    return build_hello(hello, ticket.secret)


def frame(first: int, length: int, cid: int = CID, fill: bytes = b"\0") -> bytes:
    """A datagram of a session that only its end points could read."""
    return (bytes([first]) + cid.to_bytes(8, "big")).ljust(length, fill)


def data_up(length: int = 100, cid: int = CID, fill: bytes = b"\0") -> bytes:
    return frame(DATA_UP, length, cid, fill)


def data_down(length: int = 100, cid: int = CID, fill: bytes = b"\0") -> bytes:
    return frame(DATA_DOWN, length, cid, fill)


def exit_hello(cid: int = CID) -> bytes:
    return frame(outer_byte(1), HELLO_LENGTH, cid)


def of_the_exit(cid: int = CID) -> list[bytes]:
    """One of each type that an exit sends."""
    return [
        data_down(DATA_OVERHEAD, cid),
        frame(outer_byte(2), WELCOME_MIN_LENGTH, cid),
        frame(outer_byte(3), COOKIE_LENGTH, cid),
        frame(outer_byte(4), NO_SESSION_LENGTH, cid),
    ]


@dataclass
class TransitBench:
    """One relay that forwards, and what it does with single datagrams."""

    relay: RelayBench

    @classmethod
    def make(
        cls, policy: Policy | None = None, given: TransitLimits | None = None, *, hellos_per_second: float = 1e6
    ) -> "TransitBench":
        return cls(RelayBench(policy or exits_policy(), transit=given or limits(), hellos_per_second=hellos_per_second))

    @property
    def unix_s(self) -> float:
        return UNIX_S - 1000.0 + self.relay.now_s

    @property
    def drops(self) -> dict[DropReason, int]:
        return self.relay.drops

    def __len__(self) -> int:
        return len(self.relay.forwarder.transits.table)

    def says(self, source: Source, *datagrams: bytes) -> Sent:
        """What the relay sends because these came from `source`, all in one wake-up."""
        before = len(self.relay.all_sent)
        self.relay.forwarder.from_clients([(datagram, source) for datagram in datagrams], self.relay.now_s)
        return self.relay.all_sent[before:]

    def ask(
        self,
        ticket: TransitTicket | None = None,
        source: Source = HOME,
        *,
        later_s: float = 0.0,
        nonce: bytes = NONCE,
        cookie: Cookie = Cookie(),  # noqa: B008 - frozen
    ) -> Welcome | None:
        """Say HELLO for a binding; the answer, which must go to who asked and be shorter than his question."""
        given = ticket or a_transit_ticket()
        hello = transit_hello(given, self.unix_s + later_s, nonce=nonce, cookie=cookie)
        sent = self.says(source, hello)
        if not sent:
            return None
        ((answer, address),) = sent
        assert address == source
        assert len(answer) <= len(hello)
        welcome = open_welcome(answer, given.secret, nonce)
        assert isinstance(welcome, Welcome)
        return welcome

    def bind(self, ticket: TransitTicket | None = None, source: Source = HOME, *, later_s: float = 0.0) -> None:
        """A binding that stands, its client heard."""
        given = ticket or a_transit_ticket()
        welcome = self.ask(given, source, later_s=later_s, nonce=int(later_s * 1000).to_bytes(16, "big"))
        assert welcome is not None
        assert welcome.status is WelcomeStatus.OK
        up = data_up(DATA_OVERHEAD, given.cid)
        assert [datagram for datagram, _ in self.says(source, up)] == [up]

    def pass_time(self, seconds: float) -> None:
        """Nobody says anything."""
        self.relay.pass_time(seconds, step_s=0.25, clients=False)


def with_caps(pps: int, kbit_up: int, kbit_down: int) -> TransitTicket:
    return replace(
        a_transit_ticket(), packets_per_second=pps, kbit_per_second_up=kbit_up, kbit_per_second_down=kbit_down
    )
