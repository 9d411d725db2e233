"""Everything that can keep a new version from being installed, as exceptions with a kind; `plg.cli.update` has the words."""

from enum import StrEnum


class Untrusted(StrEnum):
    """Why something that was downloaded is not believed. Names follow the attacks that The Update Framework lists."""

    NOT_AN_INDEX = "not_an_index"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from_the_future"
    OLDER_INDEX = "older_index"
    TWO_INDEXES = "two_indexes"
    OTHER_CHANNEL = "other_channel"
    WRONG_SIZE = "wrong_size"
    WRONG_CONTENT = "wrong_content"
    UNSAFE_ARCHIVE = "unsafe_archive"
    DOES_NOT_START = "does_not_start"


class ReleaseError(Exception):
    """Base of every failure of this room. The text is one English line for `--debug` and logs."""


class NotTrusted(ReleaseError):
    """What came is not what was signed, or not new enough to be believed. Nothing was changed."""

    def __init__(self, kind: Untrusted, detail: str = "") -> None:
        super().__init__(f"{kind.value}: {detail}" if detail else kind.value)
        self.kind = kind
        self.detail = detail


class BadKey(ReleaseError):
    """A text that is no ed25519 public key."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not an ed25519 public key: {text[:80]}")
        self.text = text[:80]


class IndexUnreachable(ReleaseError):
    """No complete answer came from `address`."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(f"{address}: {why}")
        self.address = address
        self.why = why


class UnsafeAddress(ReleaseError):
    """An address, given or redirected to, that is not https (or this very machine)."""

    def __init__(self, address: str) -> None:
        super().__init__(f"not https: {address}")
        self.address = address


class TooLarge(ReleaseError):
    """More bytes came than an index may have."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"more than {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class CannotWrite(ReleaseError):
    """A file or folder beside the installation, or the memory of what was seen, cannot be written."""

    def __init__(self, path: str, why: str, *, is_full: bool = False, is_forbidden: bool = False) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why
        self.is_full = is_full
        self.is_forbidden = is_forbidden


class MemoryDamaged(ReleaseError):
    """The file that remembers what was seen cannot be understood; without it an old index could not be told from a new one."""

    def __init__(self, path: str) -> None:
        super().__init__(f"damaged: {path}")
        self.path = path


class CannotSwap(ReleaseError):
    """This file system or this form of installation cannot be exchanged in one step."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NothingToGoBackTo(ReleaseError):
    """No previous version is kept."""


class AnotherUpdate(ReleaseError):
    """Another process is updating this installation."""
