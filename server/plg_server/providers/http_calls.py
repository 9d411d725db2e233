"""One HTTP exchange with a payment provider: bounded, and its errors hold no address, because keys may stand in it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from plg_server.services.payment_facts import ProviderUnavailable

ANSWER_LIMIT_BYTES = 1_000_000
"""The largest answer, a page of a hundred donations with long comments, is a third of it."""

TOTAL_TIMEOUT_S = 10.0
"""Below the 15 s that our own clients wait for us."""

BUSY_WAIT_S = 60.0
"""After 429, when the provider does not say itself."""


@asynccontextmanager
async def provider_http() -> AsyncIterator[aiohttp.ClientSession]:
    """The session that all providers share."""
    timeout = aiohttp.ClientTimeout(total=TOTAL_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False) as http:
        yield http


async def exchange(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Send and give the body of a 2xx answer. Raises ProviderUnavailable."""
    content = bytearray()
    try:
        async with http.request(method, url, params=query, data=body, headers=headers, allow_redirects=False) as answer:
            async for chunk in answer.content.iter_chunked(65_536):
                content += chunk
                if len(content) > ANSWER_LIMIT_BYTES:
                    raise ProviderUnavailable("its answer is too large")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ProviderUnavailable(type(error).__name__) from None
    if answer.status == 429:
        raise ProviderUnavailable("asked too often", BUSY_WAIT_S)
    if not 200 <= answer.status < 300:
        raise ProviderUnavailable(f"HTTP {answer.status}")
    return bytes(content)
