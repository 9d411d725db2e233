"""What a transit relay remembers: one binding for each session that it forwards (protocol SPEC section 10).

Plain objects with slots; the transit path reads and counts in them directly. No sockets and no clock here.
"""

from collections.abc import Callable
from typing import Final

from plg.protocol.constants import CLOCK_SKEW_S
from plg.protocol.handshake import Hello
from plg.protocol.relay_handshake import Source
from plg.protocol.ticket import TransitTicket
from plg_relay.limits import TokenBucket, source_prefix
from plg_relay.session_table import UNCONFIRMED_IDLE_S, Allowance
from plg_relay.timer_wheel import TimerWheel

TRANSIT_IDLE_S: Final = 60.0
"""A live client pings each of its paths at least once a second or so; what is silent for a minute has gone."""


HELLOS_PER_S: Final = 5.0
HELLOS_BURST: Final = 10.0
"""HELLOs for the exit that one client may send through us: the exit sees all of them come from our address, and one client must
not use up the share of the others. In play a client says ten a second in all, over two paths or more."""


class Binding:
    """One session's way through this relay: between `client` and `next_hop`, to nobody else.

    `is_shown`: the client has shown that it receives at `client`; until then `unshown_bytes_left` may still go there.
    """

    __slots__ = (
        "bytes_down",
        "bytes_up",
        "cid",
        "client",
        "client_nonce",
        "closed",
        "down",
        "expires_at_unix_s",
        "heard_at_s",
        "hello_ts_ms",
        "hellos",
        "is_shown",
        "next_hop",
        "opened_at_s",
        "packets_down",
        "packets_up",
        "prefix",
        "unshown_bytes_left",
        "up",
    )

    def __init__(self, hello: Hello, ticket: TransitTicket, client: Source, next_hop: Source, now_s: float) -> None:
        self.cid = hello.cid
        self.up = Allowance(ticket.packets_per_second, ticket.kbit_per_second_up, now_s)
        self.down = Allowance(ticket.packets_per_second, ticket.kbit_per_second_down, now_s)
        self.hellos = TokenBucket(HELLOS_PER_S, HELLOS_BURST, now_s)
        self.opened_at_s = now_s
        self.packets_up = self.packets_down = 0
        self.bytes_up = self.bytes_down = 0
        self.closed = False
        self.client = client
        self.is_shown = False
        self.unshown_bytes_left = 0
        self.take(hello, ticket, client, next_hop, now_s)

    def take(self, hello: Hello, ticket: TransitTicket, client: Source, next_hop: Source, now_s: float) -> None:
        """Begin anew under this HELLO. What is left of the caps stays: saying HELLO again must not refill them."""
        self.hello_ts_ms = hello.hello_ts_ms
        self.client_nonce = hello.client_nonce
        if client != self.client:
            self.client = client
            self.is_shown = False
            self.unshown_bytes_left = 0
        self.prefix = source_prefix(client[0])
        self.next_hop = next_hop
        self.expires_at_unix_s = ticket.expires_at_s
        self.up.change(ticket.packets_per_second, ticket.kbit_per_second_up)
        self.down.change(ticket.packets_per_second, ticket.kbit_per_second_down)
        self.heard_at_s = now_s

    def is_repeat(self, hello: Hello) -> bool:
        """Whether this is the HELLO that made the binding, once more."""
        return hello.hello_ts_ms == self.hello_ts_ms and hello.client_nonce == self.client_nonce


class TransitTable:
    """Bindings by the eight bytes of their session id, and how many each source has."""

    def __init__(self, now_s: float, unix_offset_s: Callable[[], float]) -> None:
        """`unix_offset_s()` + monotonic seconds = the server's Unix time."""
        self.by_key: dict[bytes, Binding] = {}
        """Keyed by bytes 1-8 of a datagram as they are: a slice is cheaper than a number, once per packet."""
        self._unix_offset_s = unix_offset_s
        self._per_prefix: dict[str, int] = {}
        self._wheel: TimerWheel[Binding] = TimerWheel(self._due_at_s, now_s)

    def __len__(self) -> int:
        return len(self.by_key)

    def get(self, cid: int) -> Binding | None:
        """The binding of a session id."""
        return self.by_key.get(key_of(cid))

    def bindings(self) -> list[Binding]:
        """Every binding of now."""
        return list(self.by_key.values())

    def of_source(self, source: Source) -> int:
        """Bindings of this address (/64 for IPv6)."""
        return self._per_prefix.get(source_prefix(source[0]), 0)

    def add(self, binding: Binding) -> None:
        """Remember a new binding."""
        self.by_key[key_of(binding.cid)] = binding
        self._count(binding.prefix, 1)
        self._wheel.add(binding)

    def move(
        self, binding: Binding, hello: Hello, ticket: TransitTicket, client: Source, next_hop: Source, now_s: float
    ) -> None:
        """Let a newer HELLO take the binding over."""
        self._count(binding.prefix, -1)
        binding.take(hello, ticket, client, next_hop, now_s)
        self._count(binding.prefix, 1)

    def remove(self, binding: Binding) -> None:
        """Forget it."""
        del self.by_key[key_of(binding.cid)]
        binding.closed = True
        self._count(binding.prefix, -1)

    def expired(self, now_s: float) -> list[Binding]:
        """Bindings whose time is over, still in the table."""
        return [binding for binding in self._wheel.expired(now_s) if not binding.closed]

    def _due_at_s(self, binding: Binding) -> float:
        if binding.closed:
            return 0.0
        idle_s = TRANSIT_IDLE_S if binding.is_shown else UNCONFIRMED_IDLE_S
        return min(binding.heard_at_s + idle_s, binding.expires_at_unix_s + CLOCK_SKEW_S - self._unix_offset_s())

    def _count(self, prefix: str, change: int) -> None:
        count = self._per_prefix.get(prefix, 0) + change
        if count:
            self._per_prefix[prefix] = count
        else:
            del self._per_prefix[prefix]


def key_of(cid: int) -> bytes:
    """The session id as it stands in a datagram."""
    return cid.to_bytes(8, "big")
