"""What was seen of each channel, so that an older index is refused for good: the newest number and the digest of its bytes."""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from plg.contract.schema import Answer
from plg.release.errors import CannotWrite, MemoryDamaged
from plg.release.whole_file import replace_file

MAX_MEMORY_BYTES: Final = 64_000
MAX_CHANNELS: Final = 50


class SeenIndex(Answer, frozen=True, kw_only=True):
    """The newest index of one channel. `newest_version` is what it offered to this installation; times are seconds since 1970."""

    sequence: Annotated[int, Meta(ge=1, le=2**53)]
    sha256: str
    looked_at_s: float = 0.0
    newest_version: str | None = None


class SeenIndexes:
    """The memory, one small file of the person's own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, channel: str) -> SeenIndex | None:
        """None when the channel was never seen. Raises MemoryDamaged, CannotWrite when it cannot be read."""
        return self._all().get(channel)

    def remember(self, channel: str, seen: SeenIndex) -> None:
        """Raises MemoryDamaged, CannotWrite."""
        entries = {**self._all(), channel: seen}
        if len(entries) > MAX_CHANNELS:
            entries.pop(next(name for name in entries if name != channel))
        replace_file(self.path, msgspec.json.encode(entries))

    def _all(self) -> dict[str, SeenIndex]:
        try:
            with self.path.open("rb") as stream:
                content = stream.read(MAX_MEMORY_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CannotWrite(str(self.path), error.strerror or str(error), is_forbidden=True) from error
        try:
            if len(content) > MAX_MEMORY_BYTES:
                raise MemoryDamaged(str(self.path))
            return msgspec.json.decode(content, type=dict[str, SeenIndex])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MemoryDamaged(str(self.path)) from error
