"""/admin/sessions: everybody's sessions, live and ended, and ending one."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_audit import ListLimit, ListOffset
from plg.contract.admin_sessions import AccountRef, AdminSessionsQuery, GameSlug, KillSessionRequest
from plg.contract.schema import Identifier, Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.sessions import AnySessionPath
from plg_server.pages.admin.acts import ActForm, Fact, Trial, ask_once_more, said
from plg_server.pages.admin.lists import Day, day_begins, paging
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.routes import Limit


class SessionsQuery(Request, frozen=True, kw_only=True):
    """As the API's, with days for moments."""

    state: Literal["active", "ended"] | None = None
    account: AccountRef | None = None
    node: Identifier | None = None
    game: GameSlug | None = None
    since: Day | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class KillForm(ActForm, frozen=True, kw_only=True):
    """Why, for the audit log."""

    reason: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""


@page("GET", "/admin/sessions", access=Access.SUPPORT, limit=Limit.READ, query=SessionsQuery)
async def sessions_page(request: web.Request, query: SessionsQuery) -> web.Response:
    """Sessions that fit, newest first."""
    wanted = AdminSessionsQuery(
        state=query.state,
        account=query.account,
        node=query.node,
        game=query.game,
        since=day_begins(query.since),
        limit=query.limit,
        offset=query.offset,
    )
    found = await request.app[app_keys.ADMIN_SESSIONS].page(wanted)
    return render(request, "admin/sessions.html", sessions=found.sessions, query=query, paging=paging(query, found))


@page("GET", "/admin/sessions/{session_id}", access=Access.SUPPORT, limit=Limit.READ, path=AnySessionPath)
async def session_page(request: web.Request, path: AnySessionPath) -> web.Response:
    """One session with its relays."""
    detail = await request.app[app_keys.ADMIN_SESSIONS].show(path.session_id)
    return render(request, "admin/session.html", detail=detail, session=detail.session)


@page(
    "POST",
    "/admin/sessions/{session_id}/kill",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=AnySessionPath,
    form=KillForm,
    shown_again=session_page,
)
async def kill_session(request: web.Request, path: AnySessionPath, form: KillForm) -> web.StreamResponse:
    """End it now, at every relay of it."""
    wanted = KillSessionRequest(reason=form.reason, dry_run=form.dry_run)
    done = await request.app[app_keys.ADMIN_SESSIONS].kill(actor_of(request), path.session_id, wanted)
    back = f"/admin/sessions/{path.session_id}"
    if not done.dry_run:
        return go(request, back, note="session_ended")
    facts = [Fact(said(request, N_("Session")), f"{done.session.game}, {done.session.email}")]
    if done.changed:
        facts.append(Fact(said(request, N_("Relays that are told")), ", ".join(done.relays)))
    return ask_once_more(
        request,
        Trial(
            said(request, N_("End this session?")),
            said(request, N_("End the session")),
            back,
            tuple(facts) if done.changed else (),
        ),
    )


PAGES = (sessions_page, session_page, kill_session)
