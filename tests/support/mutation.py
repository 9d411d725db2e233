"""Seeded mutation of genuine inputs: what a fuzzer without coverage feedback does, fast and the same on every run.

`PLG_FUZZ_INPUTS` sets how many inputs each fuzz test takes (tests/README.md has the command for a million).
"""

import os
from collections.abc import Iterator, Sequence
from random import Random

BOUNDARIES = (
    0,
    1,
    7,
    8,
    9,
    15,
    16,
    127,
    128,
    254,
    255,
    256,
    1341,
    32767,
    32768,
    65535,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63,
    2**64 - 1,
)
LONGEST = 2048
"""Bytes. What a socket of ours takes at once."""


def fuzz_inputs(default: int, *, at_most: int | None = None) -> int:
    """How many inputs to try. `at_most` bounds tests whose inputs each cost a connection."""
    wanted = int(os.environ.get("PLG_FUZZ_INPUTS", default))
    return wanted if at_most is None else min(wanted, at_most)


class Mutator:
    """Endless variations of a corpus. The same seed and corpus give the same inputs."""

    def __init__(self, corpus: Sequence[bytes], seed: int, *, longest: int = LONGEST) -> None:
        self.random = Random(seed)
        self._corpus = list(corpus)
        self._longest = longest
        self._steps = (
            self._flip,
            self._set_byte,
            self._boundary,
            self._splice,
            self._cut,
            self._extend,
            self._double,
            self._junk,
        )

    def inputs(self, count: int) -> Iterator[bytes]:
        """`count` inputs, each one to four mutations away from a genuine one."""
        random = self.random
        corpus, steps = self._corpus, self._steps
        for _ in range(count):
            data = bytearray(corpus[int(random.random() * len(corpus))])
            for _ in range(1 + int(random.random() ** 2 * 4)):
                data = steps[int(random.random() * len(steps))](data)
            yield bytes(data[: self._longest])

    def _at(self, data: bytearray) -> int:
        return int(self.random.random() * len(data))

    def _flip(self, data: bytearray) -> bytearray:
        if data:
            data[self._at(data)] ^= 1 << int(self.random.random() * 8)
        return data

    def _set_byte(self, data: bytearray) -> bytearray:
        if data:
            data[self._at(data)] = int(self.random.random() * 256)
        return data

    def _boundary(self, data: bytearray) -> bytearray:
        """A number at the edge of its width, as 1, 2, 4 or 8 bytes."""
        width = 1 << int(self.random.random() * 4)
        if len(data) >= width:
            at = int(self.random.random() * (len(data) - width + 1))
            value = BOUNDARIES[int(self.random.random() * len(BOUNDARIES))] & ((1 << 8 * width) - 1)
            data[at : at + width] = value.to_bytes(width, "big")
        return data

    def _splice(self, data: bytearray) -> bytearray:
        """The head of this and the tail of another."""
        other = self._corpus[int(self.random.random() * len(self._corpus))]
        at = int(self.random.random() * (min(len(data), len(other)) + 1))
        return data[:at] + bytearray(other[at:])

    def _cut(self, data: bytearray) -> bytearray:
        return data[: int(self.random.random() * (len(data) + 1))]

    def _extend(self, data: bytearray) -> bytearray:
        return data + self.random.randbytes(int(self.random.random() * 64))

    def _double(self, data: bytearray) -> bytearray:
        """A block of it twice."""
        first = int(self.random.random() * (len(data) + 1))
        last = first + int(self.random.random() * (len(data) - first + 1))
        return data[:last] + data[first:]

    def _junk(self, data: bytearray) -> bytearray:
        """A block overwritten with noise."""
        first = int(self.random.random() * (len(data) + 1))
        last = min(len(data), first + 1 + int(self.random.random() * 32))
        data[first:last] = self.random.randbytes(last - first)
        return data
