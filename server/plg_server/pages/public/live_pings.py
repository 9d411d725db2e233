"""The live ping: which relays a visitor's browser may measure, for every page that shows the list (`public/live_ping.html`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiohttp import web

from plg.contract.status_page import StatusPage, StatusRelay
from plg.contract.web_ping import origin_of
from plg_server import app_keys
from plg_server.store import StoreUnavailable

MOST_RELAYS = 24
"""More would take a browser longer than anybody looks, and their origins more of a header than some proxies pass on."""


@dataclass(frozen=True)
class LivePings:
    """What `live_ping(...)` of the template takes, and what the page's security policy has to allow for it."""

    relays: Sequence[StatusRelay]
    origins: frozenset[str]


def live_pings_of(page: StatusPage) -> LivePings:
    """The relays that browsers can measure now."""
    relays = [relay for relay in page.relays if relay.web_ping_url is not None][:MOST_RELAYS]
    return LivePings(relays, frozenset(origin_of(relay.web_ping_url or "") for relay in relays))


async def live_pings(request: web.Request) -> LivePings:
    """The same for a page that is about something else: without relays when they cannot be looked up now."""
    try:
        return live_pings_of(await request.app[app_keys.STATUS_PAGES].now())
    except StoreUnavailable as error:
        structlog.get_logger().error("store_unavailable", reason=str(error))
        return LivePings((), frozenset())
