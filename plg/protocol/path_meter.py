"""RTT, jitter and loss of one path and both directions, from PING and PONG (SPEC section 6).

Clocks of the two ends need not agree: round trips subtract the answerer's own time, jitter is made of differences in which
the offset cancels, loss comes from cumulative counters on both sides (as in RTCP, RFC 3550 section 6.4).
"""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from plg.protocol.constants import METER_WINDOW_S
from plg.protocol.frames import Ping, Pong

_U32: Final = 0xFFFF_FFFF
MAX_OUTSTANDING: Final = 64


def clock_us(now: float) -> int:
    """Microseconds modulo 2^32, as PING and PONG carry them."""
    return int(now * 1_000_000) & _U32


def _signed(difference: int) -> int:
    """A difference of two 32-bit clocks as a signed number."""
    difference &= _U32
    return difference - (1 << 32) if difference & 0x8000_0000 else difference


@dataclass(frozen=True, slots=True)
class PathNumbers:
    """One path over the last 10 s; None where nothing was measured."""

    rtt_ms: float | None = None
    rtt_ms_p95: float | None = None
    jitter_up_ms: float | None = None
    jitter_down_ms: float | None = None
    loss_up_percent: float | None = None
    loss_down_percent: float | None = None
    samples: int = 0


@dataclass(frozen=True, slots=True)
class PathSample:
    """One answered PING. Counts are cumulative modulo 2^32, as both ends had them at that moment."""

    at_s: float
    rtt_us: int
    transit_up_us: int  # with the unknown clock offset in it
    transit_down_us: int
    sent_count: int
    peer_received_count: int
    peer_sent_count: int
    received_count: int


class PathMeter:
    """The asking side of one path."""

    def __init__(self) -> None:
        self._next_id = 0
        self._outstanding: dict[int, tuple[int, int]] = {}
        self._samples: deque[PathSample] = deque()
        self.last_sample: PathSample | None = None
        """The newest answer."""

    def make_ping(self, sent_count: int, now: float) -> Ping:
        """The next PING. `sent_count` counts the datagrams sent on this path, the coming one included."""
        ping = Ping(self._next_id, clock_us(now), sent_count & _U32)
        self._next_id = (self._next_id + 1) & 0xFFFF
        self._outstanding[ping.ping_id] = (ping.sent_us, ping.sent_count)
        if len(self._outstanding) > MAX_OUTSTANDING:
            del self._outstanding[next(iter(self._outstanding))]
        return ping

    def take_pong(self, pong: Pong, received_count: int, now: float) -> bool:
        """Digest an answer; False if it answers nothing that we asked. `received_count` as at this moment."""
        asked = self._outstanding.pop(pong.ping_id, None)
        if asked is None or asked[0] != pong.sent_us:
            return False
        arrived = clock_us(now)
        rtt_us = _signed(arrived - pong.sent_us) - _signed(pong.replied_us - pong.arrived_us)
        sample = PathSample(
            at_s=now,
            rtt_us=max(rtt_us, 0),
            transit_up_us=_signed(pong.arrived_us - pong.sent_us),
            transit_down_us=_signed(arrived - pong.replied_us),
            sent_count=asked[1],
            peer_received_count=pong.received_count,
            peer_sent_count=pong.sent_count,
            received_count=received_count & _U32,
        )
        self._samples.append(sample)
        self.last_sample = sample
        self._forget(now)
        return True

    def numbers(self, now: float) -> PathNumbers:
        """Medians and sums over the window."""
        self._forget(now)
        samples = list(self._samples)
        if not samples:
            return PathNumbers()
        rtts = sorted(sample.rtt_us for sample in samples)
        first, last = samples[0], samples[-1]
        return PathNumbers(
            rtt_ms=rtts[len(rtts) // 2] / 1000,
            rtt_ms_p95=rtts[min(len(rtts) - 1, len(rtts) * 95 // 100)] / 1000,
            jitter_up_ms=_jitter_ms([sample.transit_up_us for sample in samples]),
            jitter_down_ms=_jitter_ms([sample.transit_down_us for sample in samples]),
            loss_up_percent=_loss_percent(
                last.sent_count - first.sent_count, last.peer_received_count - first.peer_received_count
            ),
            loss_down_percent=_loss_percent(
                last.peer_sent_count - first.peer_sent_count, last.received_count - first.received_count
            ),
            samples=len(samples),
        )

    def spread_up_ms(self, now: float) -> float | None:
        """p95 - p50 of the way up over the window; None below four samples."""
        self._forget(now)
        return _spread_ms([sample.transit_up_us for sample in self._samples])

    def spread_down_ms(self, now: float) -> float | None:
        """p95 - p50 of the way down over the window; None below four samples."""
        self._forget(now)
        return _spread_ms([sample.transit_down_us for sample in self._samples])

    def reset(self) -> None:
        """A new hand-shake restarts the peer's counters."""
        self._outstanding.clear()
        self._samples.clear()
        self.last_sample = None

    def _forget(self, now: float) -> None:
        while self._samples and now - self._samples[0].at_s > METER_WINDOW_S:
            self._samples.popleft()


def _jitter_ms(transits_us: list[int]) -> float | None:
    """Mean absolute difference of consecutive transits (the D of RFC 3550, section 6.4.1)."""
    if len(transits_us) < 2:
        return None
    steps = [abs(_signed(b - a)) for a, b in pairwise(transits_us)]
    return sum(steps) / len(steps) / 1000


def _spread_ms(transits_us: list[int]) -> float | None:
    """In which the unknown offset of the clocks cancels."""
    if len(transits_us) < 4:
        return None
    base = transits_us[0]
    ordered = sorted(_signed(transit - base) for transit in transits_us)
    return (ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)] - ordered[len(ordered) // 2]) / 1000


def _loss_percent(sent: int, received: int) -> float | None:
    sent &= _U32
    received &= _U32
    if sent == 0:
        return None
    return max(0.0, min(100.0, 100.0 * (sent - received) / sent))
