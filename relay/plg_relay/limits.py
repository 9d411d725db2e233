"""How much of anything one party may have: token buckets, and buckets per source that cannot be made to eat memory.

Sans-IO: `now_s` is any clock that only rises.
"""

import ipaddress

PREFIX_BITS_IPV6 = 64
"""One subscriber has a /64 at least, so single IPv6 addresses say nothing; IPv4 is counted by address."""

MAX_TRACKED_SOURCES = 65_536
"""About 15 MB when full. A flood of spoofed sources fills it and is then treated as one load: cookies for all."""


class TokenBucket:
    """`rate_per_s` tokens a second, at most `burst` saved: over any time t it lets pass at most burst + rate * t."""

    __slots__ = ("burst", "last_s", "rate_per_s", "tokens")

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self.tokens = burst
        self.last_s = now_s

    def take(self, amount: float, now_s: float) -> bool:
        """Take `amount` tokens if they are there. A refusal costs nothing."""
        tokens = self.tokens + (now_s - self.last_s) * self.rate_per_s
        burst = self.burst
        tokens = min(tokens, burst)
        self.last_s = now_s
        if tokens < amount:
            self.tokens = tokens
            return False
        self.tokens = tokens - amount
        return True

    def is_full(self, now_s: float) -> bool:
        """True when nothing was taken for so long that forgetting the bucket changes nothing."""
        return self.tokens + (now_s - self.last_s) * self.rate_per_s >= self.burst


class SourceBuckets:
    """One TokenBucket per source, at most `max_sources` of them; a source that finds no room is refused."""

    __slots__ = ("_buckets", "_burst", "_max_sources", "_next_sweep_s", "_rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, max_sources: int = MAX_TRACKED_SOURCES) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._max_sources = max_sources
        self._buckets: dict[str, TokenBucket] = {}
        self._next_sweep_s = 0.0

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, source: str, now_s: float) -> bool:
        """One token of this source's bucket. `source` comes from `source_prefix`."""
        bucket = self._buckets.get(source)
        if bucket is None:
            if len(self._buckets) >= self._max_sources and not self._swept(now_s):
                return False
            bucket = self._buckets[source] = TokenBucket(self._rate_per_s, self._burst, now_s)
        return bucket.take(1.0, now_s)

    def forget_idle(self, now_s: float) -> None:
        """Drop the buckets that are full again."""
        idle = [source for source, bucket in self._buckets.items() if bucket.is_full(now_s)]
        for source in idle:
            del self._buckets[source]

    def _swept(self, now_s: float) -> bool:
        # A sweep walks the whole table: at most one a second, or the flood that fills it would also buy our time.
        if now_s >= self._next_sweep_s:
            self._next_sweep_s = now_s + 1.0
            self.forget_idle(now_s)
        return len(self._buckets) < self._max_sources


def source_prefix(address: str) -> str:
    """What a source is counted by: the IPv4 address, or the IPv6 /64 (IPv4-mapped addresses count as IPv4)."""
    if ":" not in address:
        return address
    parsed = ipaddress.IPv6Address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    return str(ipaddress.IPv6Address(int(parsed) >> (128 - PREFIX_BITS_IPV6) << (128 - PREFIX_BITS_IPV6)))
