"""What both roles share: keys in use, counts per path, control frames out, events out (SPEC section 6)."""

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from plg.protocol.constants import CONTROL_FLOW, MAX_PATHS, MAX_PAYLOAD, MAX_PAYLOAD_PER_DATAGRAM
from plg.protocol.errors import ProtocolMisuse
from plg.protocol.fragments import FragmentBuffer, split_payload
from plg.protocol.frames import Frame, encode_frame
from plg.protocol.header import DATA_DOWN, DATA_UP
from plg.protocol.keys import SessionKeys
from plg.protocol.packet_crypto import PacketOpener, PacketSealer

Entropy = Callable[[int], bytes]
"""Returns that many unpredictable bytes (os.urandom in production, a seeded generator in tests)."""

FLOW_BYTES: Final = tuple(bytes([flow]) for flow in range(256))
"""The sealed first byte of every body, ready made."""

_CONTROL: Final = FLOW_BYTES[CONTROL_FLOW]
_Event = TypeVar("_Event")


class Channel:
    """The keys of one hand-shake: a sealer and an opener, seen from one role."""

    __slots__ = ("opener", "sealer")

    def __init__(self, keys: SessionKeys, suite: int, cid: int, *, is_client: bool, now: float) -> None:
        if is_client:
            self.sealer = PacketSealer(keys.up, suite, cid, DATA_UP, now)
            self.opener = PacketOpener(keys.down, suite, DATA_DOWN)
        else:
            self.sealer = PacketSealer(keys.down, suite, cid, DATA_DOWN, now)
            self.opener = PacketOpener(keys.up, suite, DATA_UP)


class SessionCore(Generic[_Event]):
    """Base of ClientSession and RelaySession."""

    def __init__(self, cid: int, entropy: Entropy) -> None:
        self.cid = cid
        self._entropy = entropy
        self.events: deque[_Event] = deque()
        """Not yet taken, oldest first: `next_event` takes them. Public so that the packet path may see that there are some."""
        self._fragments = FragmentBuffer()
        self._next_fragment_id = 0
        self.sent_counts = [0] * MAX_PATHS
        """Datagrams sent per path since the hand-shake."""
        self.received_counts = [0] * MAX_PATHS
        """New authentic datagrams received per path since the hand-shake."""
        self.duplicate_counts = [0] * MAX_PATHS
        """Authentic datagrams per path whose sequence number had come before."""

    def next_event(self) -> _Event | None:
        """The oldest event not yet taken."""
        return self.events.popleft() if self.events else None

    def _restart_counts(self) -> None:
        for counts in (self.sent_counts, self.received_counts, self.duplicate_counts):
            counts[:] = [0] * MAX_PATHS

    def _seal_frames(self, channel: Channel, frames: tuple[Frame, ...], p: int) -> bytes:
        self.sent_counts[p >> 5] += 1
        return channel.sealer.seal(_CONTROL + b"".join(map(encode_frame, frames)), p)

    def _seal_large(self, channel: Channel, flow: int, payload: bytes, p: int) -> list[bytes]:
        """A payload over the size of one datagram, as two fragments."""
        if not MAX_PAYLOAD_PER_DATAGRAM < len(payload) <= MAX_PAYLOAD:
            raise ProtocolMisuse(f"a payload of {len(payload)} bytes is not for fragments")
        self._next_fragment_id = (self._next_fragment_id + 1) & 0xFFFF
        halves = split_payload(self._next_fragment_id, flow, payload)
        return [self._seal_frames(channel, (half,), p) for half in halves]
