"""Styles, scripts and pictures: read once at start, served under names that hold a hash of the contents, so that they may be kept for ever."""

import functools
import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import hdrs, web

HASH_CHARS = 10

KEPT_FOR_EVER = "public, max-age=31536000, immutable"
"""A year is what HTTP knows as for ever (RFC 9111, 5.2.2); other contents have another name."""

SMALLEST_ZIPPED_BYTES = 512

TYPES = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "txt": "text/plain",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}

TEXTS = frozenset({"css", "js", "svg", "txt", "webmanifest"})


@dataclass(frozen=True)
class StaticFile:
    """One file, and its gzip where that is smaller."""

    content_type: str
    body: bytes
    zipped: bytes | None

    @property
    def is_text(self) -> bool:
        """Whether it has a charset."""
        return self.content_type.startswith("text/")


@functools.cache
def _files() -> tuple[dict[str, StaticFile], dict[str, str]]:
    """Files by their hashed name, and the hashed name of each plain one."""
    by_hash: dict[str, StaticFile] = {}
    names: dict[str, str] = {}
    for file in (files("plg_server") / "pages" / "static").iterdir():
        stem, _, ending = file.name.rpartition(".")
        if ending not in TYPES:
            continue
        body = file.read_bytes()
        # mtime 0: the same bytes on every replica.
        zipped = gzip.compress(body, mtime=0) if ending in TEXTS and len(body) >= SMALLEST_ZIPPED_BYTES else None
        hashed = f"{stem}.{hashlib.sha256(body).hexdigest()[:HASH_CHARS]}.{ending}"
        by_hash[hashed] = StaticFile(TYPES[ending], body, zipped)
        names[file.name] = hashed
    return by_hash, names


def asset(name: str) -> str:
    """The address of a static file. Raises KeyError when there is none: a fault of a template."""
    return f"/static/{_files()[1][name]}"


async def static_file(request: web.Request) -> web.StreamResponse:
    """GET /static/NAME: by the hashed name for ever, by the plain one (bookmarks, robots) for five minutes."""
    by_hash, names = _files()
    name = request.match_info["name"]
    file = by_hash.get(name)
    kept = KEPT_FOR_EVER
    if file is None:
        file = by_hash.get(names.get(name, ""))
        kept = "public, max-age=300"
    if file is None:
        raise web.HTTPNotFound
    body, headers = file.body, {hdrs.CACHE_CONTROL: kept, hdrs.VARY: hdrs.ACCEPT_ENCODING}
    if file.zipped is not None and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        body, headers[hdrs.CONTENT_ENCODING] = file.zipped, "gzip"
    return web.Response(
        body=body, content_type=file.content_type, charset="utf-8" if file.is_text else None, headers=headers
    )
