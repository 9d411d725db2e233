"""The client's hand-shake: HELLO until WELCOME, with a cookie when the relay asks for one (SPEC section 5).

One attempt is a run of HELLOs under one nonce, identical but for the cookie, so that the relay answers each with the same WELCOME. An
attempt that stays without answer gives way to one with a fresh nonce.
"""

from dataclasses import dataclass, field
from typing import Protocol

from plg.protocol.constants import (
    HANDSHAKE_NONCE_LENGTH,
    HELLO_ATTEMPT_S,
    HELLO_RETRY_MAX_S,
    HELLO_RETRY_S,
    MAX_RESUME_TOKEN_LENGTH,
)
from plg.protocol.errors import DropReason
from plg.protocol.handshake import WELCOME_PATH_AT, Cookie, Hello, Welcome, build_hello, open_welcome, parse_cookie
from plg.protocol.session_core import Entropy
from plg.protocol.ticket import ROLE_EXIT, ROLE_TRANSIT

_COOKIES_PER_ATTEMPT = 4  # a relay hands out one; more are somebody else's


@dataclass(frozen=True, slots=True)
class ClientGrant:
    """What the server gave us: the secret K (32 bytes), the sealed ticket, and which relay it is for."""

    cid: int
    secret: bytes
    ticket: bytes
    relay_id: int
    suite: int = 1


class HelloGrant(Protocol):
    """What a HELLO needs: session id, the ticket's secret (32 bytes) and the sealed ticket."""

    @property
    def cid(self) -> int: ...

    @property
    def secret(self) -> bytes: ...

    @property
    def ticket(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class HelloPace:
    """How an attempt repeats itself: first pause and longest pause, which it reaches by doubling, and its whole length."""

    retry_s: float = HELLO_RETRY_S
    retry_max_s: float = HELLO_RETRY_MAX_S
    attempt_s: float = HELLO_ATTEMPT_S


_CALM = HelloPace()


@dataclass(slots=True)
class _Attempt:
    path: int
    nonce: bytes
    hello_ts_ms: int
    began_s: float
    next_at_s: float
    pace: HelloPace
    retry_s: float
    cookie: Cookie = field(default_factory=Cookie)
    cookies_seen: int = 0


class ClientHandshake:
    """At most one attempt at a time; the session owns what comes of it. Methods that return a datagram want it sent now."""

    def __init__(self, entropy: Entropy, unix_ms_offset: float, *, role: int = ROLE_EXIT, path: int = 0) -> None:
        """`unix_ms_offset` + now * 1000 is the server's clock in Unix milliseconds.

        `role` ROLE_TRANSIT binds `path` at a transit relay (grant with its secret and ticket) instead of making a session with the
        exit. `path` is where attempts travel unless `start` says otherwise.
        """
        self._role = role
        self._path = path
        self._entropy = entropy
        self._unix_ms_offset = unix_ms_offset
        self._last_hello_ts_ms = 0
        self._attempt: _Attempt | None = None
        self.resume_token = b""
        """The newest one that the relay gave; it goes into every HELLO."""

    def keep_resume_token(self, token: bytes) -> None:
        """Take the relay's newest token. An empty one says nothing; one that no HELLO has room for is not kept."""
        if 0 < len(token) <= MAX_RESUME_TOKEN_LENGTH:
            self.resume_token = token

    @property
    def is_under_way(self) -> bool:
        return self._attempt is not None

    @property
    def next_timeout(self) -> float | None:
        """When `repeat` is due."""
        return None if self._attempt is None else self._attempt.next_at_s

    @property
    def path(self) -> int:
        """The path of the attempt that is under way, or of the next one: where a returned HELLO is to be sent."""
        return self._path if self._attempt is None else self._attempt.path

    def start(self, grant: HelloGrant, now: float, path: int | None = None, pace: HelloPace = _CALM) -> bytes:
        """A new attempt, in place of any before it. `path`: where this and later attempts travel; None, as before."""
        self._path = self._path if path is None else path
        self._last_hello_ts_ms = max(self._last_hello_ts_ms + 1, int(self._unix_ms_offset + now * 1000))
        nonce = self._entropy(HANDSHAKE_NONCE_LENGTH)
        self._attempt = _Attempt(self._path, nonce, self._last_hello_ts_ms, now, now, pace, pace.retry_s)
        return self._hello(self._attempt, grant, now)

    def stop(self) -> None:
        """The attempt is not needed any more; its WELCOME, should it still come, is dropped."""
        self._attempt = None

    def is_spent(self, now: float) -> bool:
        """Whether the attempt's next HELLO should be a fresh one, perhaps on another path: `repeat` takes the same path."""
        attempt = self._attempt
        return attempt is not None and now >= attempt.next_at_s and now - attempt.began_s >= attempt.pace.attempt_s

    def repeat(self, grant: HelloGrant, now: float) -> bytes | None:
        """The HELLO that is due at `now`, if one is."""
        attempt = self._attempt
        if attempt is None or now < attempt.next_at_s:
            return None
        if self.is_spent(now):
            return self.start(grant, now, pace=attempt.pace)
        return self._hello(attempt, grant, now)

    def _hello(self, attempt: _Attempt, grant: HelloGrant, now: float) -> bytes:
        attempt.next_at_s = now + attempt.retry_s
        attempt.retry_s = min(attempt.retry_s * 2, attempt.pace.retry_max_s)
        hello = Hello(
            grant.cid,
            attempt.path,
            attempt.hello_ts_ms,
            attempt.nonce,
            grant.ticket,
            b"" if self._role == ROLE_TRANSIT else self.resume_token,
            attempt.cookie,
            self._role,
        )
        return build_hello(hello, grant.secret)

    def receive_cookie(self, datagram: bytes, grant: HelloGrant, now: float) -> bytes | DropReason:
        """The HELLO with the cookie in it, or why the datagram is ignored."""
        cookie = parse_cookie(datagram)
        attempt = self._attempt
        if isinstance(cookie, DropReason):
            return cookie
        if attempt is None or attempt.cookies_seen >= _COOKIES_PER_ATTEMPT:
            return DropReason.NOT_ESTABLISHED
        attempt.cookies_seen += 1
        attempt.cookie = cookie
        return self._hello(attempt, grant, now)

    def receive_welcome(self, datagram: bytes, grant: HelloGrant) -> tuple[Welcome, bytes] | DropReason:
        """The relay's answer and the client nonce it answers; ends the attempt."""
        attempt = self._attempt
        if attempt is None:
            return DropReason.NOT_ESTABLISHED
        welcome = open_welcome(datagram, grant.secret, attempt.nonce)
        if isinstance(welcome, DropReason):
            return welcome
        if datagram[WELCOME_PATH_AT] != attempt.path:
            return DropReason.MALFORMED
        self._attempt = None
        return welcome, attempt.nonce
