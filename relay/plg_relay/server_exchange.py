"""One bounded HTTP exchange with the server: every way it can fail becomes one RelayError line."""

from collections.abc import Mapping
from typing import TypeVar

import aiohttp
import msgspec

from plg.contract.problem import Problem
from plg_relay.errors import FailureKind, RelayError

MAX_ANSWER_BYTES = 2 * 1024 * 1024

T = TypeVar("T")


async def exchange(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    answer_type: type[T],
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    max_bytes: int = MAX_ANSWER_BYTES,
) -> T | None:
    """The decoded answer, or None for 304. Raises RelayError: UNREACHABLE (may pass), REFUSED (4xx, or not our server)."""
    all_headers = {"Accept": "application/json", **(headers or {})}
    if body is not None:
        all_headers["Content-Type"] = "application/json"
    try:
        async with http.request(method, url, data=body, headers=all_headers, allow_redirects=False) as response:
            if response.status == 304:
                return None
            raw = await _read_bounded(response, max_bytes)
            status = response.status
    except aiohttp.InvalidURL:
        raise RelayError(
            FailureKind.CONFIG, f"{url} is not a URL of a server: http://HOST:PORT or https://HOST"
        ) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise RelayError(FailureKind.UNREACHABLE, f"no answer from {url}: {reason}") from error
    if status >= 500:
        raise RelayError(FailureKind.UNREACHABLE, f"{url} answered {status}{_told(raw)}")
    if status != 200:
        raise RelayError(FailureKind.REFUSED, f"{url} answered {status}{_told(raw)}")
    try:
        return msgspec.json.decode(raw, type=answer_type)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RelayError(FailureKind.REFUSED, f"{url} does not answer like a PLG server: {error}") from error


async def _read_bounded(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    async for part in response.content.iter_any():
        total += len(part)
        if total > max_bytes:
            raise aiohttp.ClientPayloadError(f"an answer of more than {max_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def _told(raw: bytes) -> str:
    try:
        problem = msgspec.json.decode(raw, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return f": {problem.detail[:300]} ({problem.code})"
