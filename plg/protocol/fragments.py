"""Payloads too long for one datagram travel as two halves (SPEC section 6, FRAG); IP fragments are never relied upon."""

from plg.protocol.constants import FRAGMENT_TIMEOUT_S, MAX_PAYLOAD, MAX_PENDING_FRAGMENTS
from plg.protocol.frames import Fragment


def split_payload(fragment_id: int, flow: int, payload: bytes) -> tuple[Fragment, Fragment]:
    """Two halves of a payload, the first not shorter than the second."""
    middle = (len(payload) + 1) // 2
    return Fragment(fragment_id, 0, flow, payload[:middle]), Fragment(fragment_id, 1, flow, payload[middle:])


class FragmentBuffer:
    """Waits for the other half. Bounded: the oldest half gives way, and `lost` counts every half that found no partner, and every pair that is longer than any payload."""

    def __init__(self) -> None:
        self._halves: dict[tuple[int, int], tuple[float, Fragment]] = {}
        self.lost = 0

    def add(self, half: Fragment, now: float) -> tuple[int, bytes] | None:
        """(flow, whole payload) when `half` completes one, else None."""
        self._expire(now)
        key = (half.flow, half.fragment_id)
        waiting = self._halves.get(key)
        if waiting is None or waiting[1].index == half.index:
            if len(self._halves) >= MAX_PENDING_FRAGMENTS:
                del self._halves[next(iter(self._halves))]
                self.lost += 1
            self._halves[key] = (now, half)
            return None
        del self._halves[key]
        first, second = sorted((waiting[1], half), key=lambda fragment: fragment.index)
        if len(first.payload) + len(second.payload) > MAX_PAYLOAD:
            self.lost += 1
            return None
        return half.flow, first.payload + second.payload

    def _expire(self, now: float) -> None:
        for key, (since, _) in list(self._halves.items()):
            if now - since <= FRAGMENT_TIMEOUT_S:
                break
            del self._halves[key]
            self.lost += 1
