"""/account/sessions: what was played, and how."""

from collections.abc import Sequence
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.schema import Request
from plg.contract.sessions import SessionRecord
from plg_server import app_keys
from plg_server.ids import EntityId
from plg_server.pages.account.frame import PAGE_ROWS, PageNumber, show
from plg_server.pages.charts import Chart, Series, line_chart
from plg_server.pages.language import N_, translated
from plg_server.pages.page import Access, page
from plg_server.pages.visitor import visitor_of
from plg_server.routes import Limit
from plg_server.services import own_sessions

CHART_SESSIONS = 30

PING = N_("Ping of the last sessions")
THROUGH = N_("Through PLG")
DIRECT = N_("Direct")
SESSION = N_("Session")
MS = N_("ms")


class SessionsQuery(PageNumber, frozen=True, kw_only=True):
    """All games without `game`."""

    game: Annotated[str, Meta(max_length=64)] = ""


class SessionPath(Request, frozen=True):
    """A session of the visitor's."""

    session_id: EntityId


@page("GET", "/account/sessions", access=Access.SIGNED_IN, limit=Limit.READ, query=SessionsQuery)
async def sessions_page(request: web.Request, query: SessionsQuery) -> web.Response:
    """The history, newest first, with the ping of the last sessions."""
    account_id = request[app_keys.IDENTITY].account_id
    now = request.app[app_keys.CLOCK]()
    game = query.game or None
    shown = await own_sessions.page_of(account_id, game, PAGE_ROWS, query.offset, now)
    newest = await own_sessions.page_of(account_id, game, CHART_SESSIONS, 0, now)
    return show(
        request,
        "account/sessions.html",
        shown=shown,
        query=query,
        games=await own_sessions.played_games(account_id),
        chart=ping_chart(newest.sessions, visitor_of(request).language),
    )


@page("GET", "/account/sessions/{session_id}", access=Access.SIGNED_IN, limit=Limit.READ, path=SessionPath)
async def session_page(request: web.Request, path: SessionPath) -> web.Response:
    """One session with its relays and ways."""
    now = request.app[app_keys.CLOCK]()
    session = await own_sessions.one_of(request[app_keys.IDENTITY].account_id, path.session_id, now)
    return show(request, "account/session.html", session=session, record=session.record)


def ping_chart(newest: Sequence[SessionRecord], language: str) -> str:
    """Both ways, oldest first; empty while nothing was measured."""
    measured = [one for one in reversed(newest) if one.measured_total_ms is not None or one.direct_ms is not None]
    if not measured:
        return ""
    return line_chart(
        Chart(
            name="pings",
            title=translated(language, PING),
            labels=[f"{one.started_at[5:10]} {one.started_at[11:16]}" for one in measured],
            series=[
                Series(translated(language, THROUGH), [one.measured_total_ms for one in measured]),
                Series(translated(language, DIRECT), [one.direct_ms for one in measured]),
            ],
            unit=translated(language, MS),
            digits=1,
            label_words=translated(language, SESSION),
        ),
        language,
        area=True,
    )


PAGES = (sessions_page, session_page)
