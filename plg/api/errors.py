"""Everything that can go wrong between this machine and the server, as exceptions with typed fields.

The message of an exception is for logs and `--debug`; `plg.cli.error_report` makes the line that a person reads.
"""

from enum import StrEnum
from pathlib import Path

from plg.contract.problem import ErrorCode


class ApiError(Exception):
    """Base of every failure of this room."""


class UnreachableReason(StrEnum):
    """Why no answer came."""

    REFUSED = "connection refused"
    NAME_UNKNOWN = "host name not known"
    TIMED_OUT = "timed out"
    TLS = "TLS certificate not trusted"
    BROKEN_OFF = "connection broken off"
    NO_ROUTE = "no route"
    OTHER = "connection failed"


class ServerUnreachable(ApiError):
    """No HTTP answer came from `server` (a base URL)."""

    def __init__(self, server: str, reason: UnreachableReason, detail: str = "") -> None:
        super().__init__(f"{server}: {reason.value}" + (f" ({detail})" if detail else ""))
        self.server = server
        self.reason = reason
        self.detail = detail


class ServerMisbehaved(ApiError):
    """An HTTP answer came, but not one that a PLG server gives: wrong type, too large, a redirect, or not in the contract."""

    def __init__(self, server: str, status: int, reason: str) -> None:
        super().__init__(f"{server} answered {status}: {reason}")
        self.server = server
        self.status = status
        self.reason = reason


class ServerRefused(ApiError):
    """A `problem+json` answer. `code` is one of ErrorCode, or a text that a newer server knows and we do not."""

    def __init__(
        self,
        *,
        server: str,
        code: str,
        status: int,
        detail: str,
        nearest: tuple[str, ...] = (),
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.server = server
        self.code = code
        self.status = status
        self.detail = detail
        self.nearest = nearest
        self.request_id = request_id
        self.retry_after_s = retry_after_s


SIGN_IN_LOST = frozenset(
    {ErrorCode.TOKEN_MISSING, ErrorCode.TOKEN_INVALID, ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_REUSED}
)
"""Refusals that only a new sign-in mends."""


class NotSignedInReason(StrEnum):
    """Why there is no usable sign-in."""

    NEVER = "no sign-in stored"
    ENDED = "the stored sign-in is over"
    ENVIRONMENT = "PLG_TOKEN is not accepted"
    KEYRING = "the keyring that holds the sign-in does not answer"


class NotSignedIn(ApiError):
    """The call needs an account and there is no usable sign-in for `server`."""

    def __init__(self, server: str, reason: NotSignedInReason) -> None:
        super().__init__(f"{server}: {reason.value}")
        self.server = server
        self.reason = reason


class TokenFileCorrupt(ApiError):
    """The token file could not be read as one; it was moved to `kept_as`, nothing was thrown away."""

    def __init__(self, path: Path, kept_as: Path) -> None:
        super().__init__(f"{path} is damaged, kept as {kept_as}")
        self.path = path
        self.kept_as = kept_as


class TokenFileUnusable(ApiError):
    """The operating system refuses to read, write or lock the token file; `detail` is its own reason."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail
