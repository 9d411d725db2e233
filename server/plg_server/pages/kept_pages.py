"""Pages that are the same for everybody who is not signed in, kept for seconds: a rush of visitors costs one rendering."""

import gzip
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass

from aiohttp import hdrs, web
from multidict import CIMultiDict

PAGES_LIMIT = 256
"""Languages times themes times pages is a fraction of it; addresses with a query are not kept."""

LEVEL = 6


@dataclass(frozen=True)
class Kept:
    """One page as it was sent."""

    until_s: float
    headers: CIMultiDict[str]
    body: bytes
    zipped: bytes
    etag: str


class KeptPages:
    """In this process only: each replica renders its own."""

    def __init__(self) -> None:
        self._pages: OrderedDict[tuple[str, ...], Kept] = OrderedDict()

    def find(self, key: tuple[str, ...]) -> Kept | None:
        """The page while it may be shown."""
        kept = self._pages.get(key)
        return kept if kept is not None and kept.until_s > time.monotonic() else None

    def keep(self, key: tuple[str, ...], response: web.Response, kept_s: float) -> Kept:
        """Remember it, and forget the oldest."""
        body = response.body if isinstance(response.body, bytes) else b""
        headers = CIMultiDict(response.headers)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        kept = Kept(time.monotonic() + kept_s, headers, body, gzip.compress(body, LEVEL, mtime=0), etag)
        self._pages[key] = kept
        self._pages.move_to_end(key)
        while len(self._pages) > PAGES_LIMIT:
            self._pages.popitem(last=False)
        return kept


def kept_response(request: web.Request, kept: Kept) -> web.Response:
    """The page again: 304 for whoever has it, zipped for whoever takes that. Nothing in it is secret, so zipping gives nothing away."""
    headers = CIMultiDict(kept.headers)
    headers[hdrs.ETAG] = kept.etag
    headers[hdrs.VARY] = f"{hdrs.COOKIE}, {hdrs.ACCEPT_ENCODING}"
    # A browser asks again each time, and hears "the same" in a few bytes: a sign-in must show at once.
    headers[hdrs.CACHE_CONTROL] = "private, no-cache"
    if request.headers.get(hdrs.IF_NONE_MATCH) == kept.etag:
        headers.popall(hdrs.CONTENT_TYPE, None)
        headers.popall(hdrs.CONTENT_LENGTH, None)
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(body=kept.zipped, headers=headers)
    return web.Response(body=kept.body, headers=headers)
