"""One HTTP exchange with the server: bounded in time and size, every failure a typed one."""

import asyncio
import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import msgspec
from yarl import URL

from plg import __version__
from plg.api.errors import (
    NotSignedIn,
    NotSignedInReason,
    ServerMisbehaved,
    ServerRefused,
    ServerUnreachable,
    UnreachableReason,
)

TOTAL_TIMEOUT_S = 15.0
"""Implementation. The longest a person waits for one answer; signing in costs the server a password hash (0.2 s, queued)."""

CONNECT_TIMEOUT_S = 5.0
"""Implementation. A server that does not take a connection for this long is not there."""

MAX_ANSWER_BYTES = 4_000_000
"""Implementation. The largest answer, a page of games with all fields, is a tenth of it."""

MAX_PROBLEM_TEXT = 500
"""Implementation. Characters of an error's text that are kept: one line for a person."""

_SENDABLE_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")
"""Specification: what RFC 6750 lets a bearer token be, widened to all visible ASCII, in a length that any server takes."""

_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer's body and its media type."""

    status: int
    body: bytes
    media_type: str


class _ProblemBody(msgspec.Struct, frozen=True, kw_only=True):
    """contract.Problem as an older client reads it: a code that is new to us is a text, not an error."""

    code: str
    detail: str = ""
    request_id: str | None = None
    nearest: list[str] = []
    retry_after_s: float | None = None


class HttpTransport:
    """Speaks with one server. Made inside a running loop; whoever makes it calls `close`."""

    def __init__(
        self,
        server: str,
        *,
        timeout_s: float | None = None,
        most_bytes: int | None = None,
        language: str | None = None,
    ) -> None:
        self.server = server
        spoken = {} if language is None else {"Accept-Language": language}
        self._most_bytes = most_bytes or MAX_ANSWER_BYTES
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_s or TOTAL_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
            headers={
                "User-Agent": f"plg/{__version__}",
                "Accept": "application/json, application/problem+json",
                **spoken,
            },
            # A cookie or a netrc entry would sign our calls behind our back.
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def close(self) -> None:
        await self._http.close()

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        token: str | None = None,
    ) -> Reply:
        """Sends one request and reads the whole answer.

        `path` is percent-encoded already. Raises ServerUnreachable, ServerRefused (a problem document), ServerMisbehaved, or
        NotSignedIn for a token that no header can hold: it never leaves this machine.
        """
        headers = {}
        if token is not None:
            if not _SENDABLE_TOKEN.fullmatch(token):
                raise NotSignedIn(self.server, NotSignedInReason.ENDED)
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = URL(self.server + path, encoded=True)
        if query:
            url = url.with_query(query)
        try:
            async with self._http.request(method, url, headers=headers, data=body, allow_redirects=False) as answer:
                content = await self._read(answer)
        except TimeoutError as error:
            raise ServerUnreachable(self.server, UnreachableReason.TIMED_OUT) from error
        except aiohttp.ClientResponseError as error:
            raise ServerMisbehaved(self.server, error.status, "not an HTTP answer") from error
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            raise ServerUnreachable(self.server, _reason(error), str(error)) from error
        except ValueError as error:  # a header or an address that cannot be put into a request
            raise ServerUnreachable(self.server, UnreachableReason.OTHER, str(error)) from error
        if 300 <= answer.status < 400:
            raise ServerMisbehaved(self.server, answer.status, "a redirect")
        if answer.status >= 400:
            raise self._refusal(answer.status, answer.content_type, content)
        return Reply(answer.status, content, answer.content_type)

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        chunks = bytearray()
        async for chunk in answer.content.iter_chunked(65_536):
            chunks += chunk
            if len(chunks) > self._most_bytes:
                raise ServerMisbehaved(self.server, answer.status, f"more than {self._most_bytes} bytes")
        return bytes(chunks)

    def _refusal(self, status: int, media_type: str, content: bytes) -> ServerRefused | ServerMisbehaved:
        if media_type not in {"application/problem+json", "application/json"}:
            return ServerMisbehaved(self.server, status, "an error without a problem document")
        try:
            problem = msgspec.json.decode(content, type=_ProblemBody)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ServerMisbehaved(self.server, status, "an error without a problem document")
        return ServerRefused(
            server=self.server,
            code=problem.code[:64],
            status=status,
            detail=problem.detail[:MAX_PROBLEM_TEXT],
            nearest=tuple(name[:64] for name in problem.nearest[:5]),
            request_id=problem.request_id,
            retry_after_s=problem.retry_after_s,
        )


def _reason(error: Exception) -> UnreachableReason:
    """What a person can act upon, from aiohttp's exception."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return UnreachableReason.NAME_UNKNOWN
    if isinstance(error, aiohttp.ClientSSLError):
        return UnreachableReason.TLS
    number = error.errno if isinstance(error, OSError) else None
    if number is None and isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
    if number == errno.ECONNREFUSED:
        return UnreachableReason.REFUSED
    if number in _NO_ROUTE:
        return UnreachableReason.NO_ROUTE
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError) or number in {
        errno.ECONNRESET,
        errno.EPIPE,
        errno.ECONNABORTED,
    }:
        return UnreachableReason.BROKEN_OFF
    return UnreachableReason.OTHER
