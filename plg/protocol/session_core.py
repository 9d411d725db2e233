"""What both roles share: keys in use, what was received, the sender of copies, control frames out, events out (SPEC section 6)."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from plg.protocol.constants import CONTROL_FLOW, MAX_PAYLOAD, MAX_PAYLOAD_PER_DATAGRAM
from plg.protocol.errors import ProtocolMisuse
from plg.protocol.fragments import FragmentBuffer, split_payload
from plg.protocol.frames import Frame, encode_frame
from plg.protocol.header import DATA_DOWN, DATA_UP, expand_seq
from plg.protocol.keys import SessionKeys
from plg.protocol.packet_crypto import PacketOpener, PacketSealer
from plg.protocol.payload_sender import FLOW_BYTES, PayloadSender
from plg.protocol.reception import Reception

Entropy = Callable[[int], bytes]
"""Returns that many unpredictable bytes (os.urandom in production, a seeded generator in tests)."""

_CONTROL = FLOW_BYTES[CONTROL_FLOW]
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

    def __init__(self, cid: int, entropy: Entropy, sender: PayloadSender) -> None:
        self.cid = cid
        self._sender = sender
        self._entropy = entropy
        self.events: deque[_Event] = deque()
        """Not yet taken, oldest first: `next_event` takes them. Public so that the packet path may see that there are some."""
        self._fragments = FragmentBuffer()
        self._next_fragment_id = 0
        self.reception = Reception()
        """What has come since the hand-shake."""

    def next_event(self) -> _Event | None:
        """The oldest event not yet taken."""
        return self.events.popleft() if self.events else None

    def _is_missing(self, channel: Channel | None, seq32: int, delta: int) -> bool:
        """Whether the datagram `delta` before this one has not come, so that its payload is taken from the repetition, once."""
        if channel is None:
            return False
        seq = expand_seq(seq32, channel.opener.top)
        if seq < delta or not channel.opener.accept(seq - delta):
            return False
        self.reception.repeats_used += 1
        return True

    def _seal_frames(self, channel: Channel, frames: tuple[Frame, ...], p: int) -> bytes:
        """One control datagram for one path."""
        self._sender.sent_counts[p >> 5] += 1
        return channel.sealer.seal(_CONTROL + b"".join(map(encode_frame, frames)), p)

    def _send_frames(self, channel: Channel, frames: tuple[Frame, ...], now: float) -> list[tuple[int, bytes]]:
        """A control body that matters like a payload: copies of it go as those of payloads do."""
        return self._sender.send(channel.sealer, _CONTROL + b"".join(map(encode_frame, frames)), now)

    def _send_large(self, channel: Channel, flow: int, payload: bytes, now: float) -> list[tuple[int, bytes]]:
        """A payload over the size of one datagram, as two fragments."""
        if not MAX_PAYLOAD_PER_DATAGRAM < len(payload) <= MAX_PAYLOAD:
            raise ProtocolMisuse(f"a payload of {len(payload)} bytes is not for fragments")
        self._next_fragment_id = (self._next_fragment_id + 1) & 0xFFFF
        first, second = split_payload(self._next_fragment_id, flow, payload)
        return [*self._send_frames(channel, (first,), now), *self._send_frames(channel, (second,), now)]
