"""Sends bodies by a plan: the first copy, further copies on other paths or later, the payload before riding along (SPEC section 6).

Both roles use it. It knows nothing of addresses: what leaves is (path, datagram).
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from plg.protocol.constants import MAX_PATHS, MAX_PAYLOAD_PER_DATAGRAM
from plg.protocol.frames import encode_repeat
from plg.protocol.header import path_byte
from plg.protocol.packet_crypto import PacketSealer
from plg.protocol.redundancy import STAGGER_S, ByteBudget, Level

MAX_REPEATED: Final = 250
"""Implementation, bytes. A longer payload costs less as a second datagram than as cargo that may push out a packet's own."""
MAX_WITH_REPEAT: Final = 1200
MAX_DELTA: Final = 255
MAX_DELAYED: Final = 512
"""Copies that wait for their moment; 20 ms of the fastest session are 12."""

FLOW_BYTES: Final = tuple(bytes([flow]) for flow in range(256))
"""The sealed first byte of every body, ready made."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One more copy of every body: on which path, with which path byte, how much later."""

    path: int
    p: int
    delay_s: float


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """`primary` carries the first copy."""

    primary: int
    p: int
    copies: tuple[Copy, ...] = ()
    repeats: bool = False


def make_plan(level: Level, primary: int, others: tuple[int, ...], *, in_doubt: bool = False) -> CopyPlan:
    """What a level means with the paths there are. `others`, best first, are the further usable paths.

    With one path a copy at once would share the first one's fate: a later one and the repeated payload stand in for it.
    """
    p = path_byte(primary, 0)
    if in_doubt and others:
        return CopyPlan(primary, p, tuple(Copy(path, path_byte(path, 1), 0.0) for path in others))
    if not level.copies:
        return CopyPlan(primary, p, repeats=level.repeats)
    if not others:
        late = (Copy(primary, path_byte(primary, 1), STAGGER_S),) if level.staggered else ()
        return CopyPlan(primary, p, late, repeats=True)
    delay_s = STAGGER_S if level.staggered else 0.0
    return CopyPlan(primary, p, (Copy(others[0], path_byte(others[0], 1), delay_s),), repeats=level.repeats)


class PayloadSender:
    """The redundant half of a sender."""

    __slots__ = ("_previous", "budget", "delayed", "plan", "sent_counts")

    def __init__(self, max_overhead: float) -> None:
        self.plan = CopyPlan(0, 0)
        """Replace it with `change_plan`."""
        self.budget = ByteBudget(max_overhead)
        self.sent_counts = [0] * MAX_PATHS
        """Datagrams sent per path since the hand-shake."""
        self.delayed: deque[tuple[float, int, bytes]] = deque()
        """(moment, path, datagram), earliest first: every delay is the same."""
        self._previous: tuple[int, int, bytes] | None = None

    def restart(self) -> None:
        """New keys: counts begin anew and nothing sealed under the old ones is worth sending."""
        self.sent_counts[:] = [0] * MAX_PATHS
        self.delayed.clear()
        self._previous = None

    def change_plan(self, plan: CopyPlan) -> None:
        """From now on. Copies that wait are due at once, or they would arrive behind newer ones on the same path."""
        if plan != self.plan:
            self.plan = plan
            self.delayed = deque((0.0, path, datagram) for _, path, datagram in self.delayed)

    def send(self, sealer: PacketSealer, body: bytes, now: float) -> list[tuple[int, bytes]]:
        """Every copy of one body that leaves now, the first one first. What is `due` should have gone before."""
        plan = self.plan
        first = sealer.seal(body, plan.p)
        length = len(first)
        self.sent_counts[plan.primary] += 1
        self.budget.first(length)
        out = [(plan.primary, first)]
        for copy in plan.copies:
            if not self.budget.take(length):
                break
            twin = sealer.seal_copy(body, copy.p)
            if copy.delay_s:
                if len(self.delayed) < MAX_DELAYED:
                    self.delayed.append((now + copy.delay_s, copy.path, twin))
            else:
                self.sent_counts[copy.path] += 1
                out.append((copy.path, twin))
        return out

    def send_payload(self, sealer: PacketSealer, flow: int, payload: bytes, now: float) -> list[tuple[int, bytes]]:
        """A game payload of at most MAX_PAYLOAD_PER_DATAGRAM bytes, with the one before it where the plan says so."""
        body = FLOW_BYTES[flow] + payload
        if self.plan.repeats:
            body = self._with_previous(sealer.next_seq, flow, payload) or body
            self._previous = (sealer.next_seq, flow, payload) if len(payload) <= MAX_REPEATED else None
        return self.send(sealer, body, now)

    def _with_previous(self, seq: int, flow: int, payload: bytes) -> bytes | None:
        if self._previous is None or not payload:
            return None
        before, old_flow, old = self._previous
        total = len(payload) + len(old)
        if seq - before > MAX_DELTA or total > min(MAX_WITH_REPEAT, MAX_PAYLOAD_PER_DATAGRAM - 16):
            return None
        if not self.budget.take(len(old)):
            return None
        return FLOW_BYTES[0] + encode_repeat(seq - before, old_flow, old, flow, payload)

    def due(self, now: float) -> list[tuple[int, bytes]]:
        """Delayed copies whose moment has come."""
        out: list[tuple[int, bytes]] = []
        while self.delayed and self.delayed[0][0] <= now:
            _, path, datagram = self.delayed.popleft()
            self.sent_counts[path] += 1
            out.append((path, datagram))
        return out

    @property
    def next_due_s(self) -> float | None:
        return self.delayed[0][0] if self.delayed else None
