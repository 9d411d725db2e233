"""/download: how the program is had on each system. What stands here exists: files that the operator put up, or the way to build."""

from dataclasses import dataclass

from aiohttp import hdrs, web

from plg_server import app_keys
from plg_server.ids import timestamp, utc_now
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import render
from plg_server.routes import Limit

MARKS = (
    ("android", "other"),
    ("iphone", "other"),
    ("ipad", "other"),
    ("windows", "windows"),
    ("macintosh", "other"),
    ("linux", "linux"),
    ("x11", "linux"),
)
"""What a User-Agent holds, and which system that means; Android says Linux too, so it comes first."""

SYSTEMS = ("linux", "windows", "other")


@dataclass(frozen=True)
class System:
    """One system's part of the page."""

    name: str
    is_visitors: bool


def systems_for(agent: str) -> list[System]:
    """All of them, the visitor's first; Linux where the browser does not tell."""
    lowered = agent[:512].casefold()
    own = next((system for mark, system in MARKS if mark in lowered), "")
    ordered = sorted(SYSTEMS, key=lambda name: name != own)
    return [System(name, name == own) for name in ordered]


@page("GET", "/download", access=Access.ANYBODY, limit=Limit.READ)
async def download(request: web.Request) -> web.Response:
    """Not kept for others: its order follows the browser."""
    releases = await request.app[app_keys.RELEASES].shown()
    return render(
        request,
        "public/download.html",
        systems=systems_for(request.headers.get(hdrs.USER_AGENT, "")),
        releases=releases,
        is_expired=releases.has_index and releases.expires_at < timestamp(utc_now()),
    )


PAGES = (download,)
