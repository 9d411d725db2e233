"""Which relays a browser may measure, and what a page's policy allows for it."""

from pathlib import Path

import pytest

from plg.contract.relay_control import HeartbeatRequest
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.pages.public import live_pings
from plg_server.services.relay_state import RelayStates
from plg_server.store import StoreUnavailable
from support.operator_rows import node_row
from support.shared_server import shared_server

URLS = ("https://a.example:8444/ping", "https://a.example:8444/ping", "http://192.0.2.7/ping", None)


async def test_every_origin_is_named_once_and_their_number_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shared_server(tmp_path / "data") as api:
        with api.app[app_keys.DATABASE].active():
            for number, url in enumerate(URLS, 1):
                node = await node_row(f"relay {number}", number, utc_now())
                beat = HeartbeatRequest(boot_id="0" * 16, web_ping_url=url)
                await api.app[app_keys.RELAY_STATES].record(node.id, beat, enrolled_max=1)
            page = await api.app[app_keys.STATUS_PAGES].now()
        found = live_pings.live_pings_of(page)
        assert [relay.name for relay in found.relays] == ["relay 1", "relay 2", "relay 3"]
        assert found.origins == {"https://a.example:8444", "http://192.0.2.7"}
        monkeypatch.setattr(live_pings, "MOST_RELAYS", 2)
        assert live_pings.live_pings_of(page).origins == {"https://a.example:8444"}


async def test_a_page_about_something_else_does_without_when_the_store_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_self: RelayStates, _node_id: str) -> None:
        raise StoreUnavailable("gone")

    class Request:
        def __init__(self, app: object) -> None:
            self.app = app

    async with shared_server(tmp_path / "data") as api:
        with api.app[app_keys.DATABASE].active():
            await node_row("one", 1, utc_now())
            monkeypatch.setattr(RelayStates, "get", away)
            found = await live_pings.live_pings(Request(api.app))  # type: ignore[arg-type]  # only `app` is read
    assert (found.relays, found.origins) == ((), frozenset())
