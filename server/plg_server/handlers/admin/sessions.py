"""/v1/admin/sessions: everybody's sessions."""

from aiohttp import web

from plg.contract.admin_sessions import (
    AdminSessionDetail,
    AdminSessionPage,
    AdminSessionsQuery,
    KilledSession,
    KillSessionRequest,
)
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route


class AnySessionPath(Request, frozen=True):
    """A session of anybody."""

    session_id: EntityId


@route(
    "GET",
    "/v1/admin/sessions",
    query=AdminSessionsQuery,
    answer=AdminSessionPage,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def list_all_sessions(request: web.Request, query: AdminSessionsQuery) -> AdminSessionPage:
    """Sessions that fit, newest first."""
    return await request.app[app_keys.ADMIN_SESSIONS].page(query)


@route(
    "GET",
    "/v1/admin/sessions/{session_id}",
    path=AnySessionPath,
    path_missing=ErrorCode.SESSION_NOT_FOUND,
    answer=AdminSessionDetail,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def show_session(request: web.Request, path: AnySessionPath) -> AdminSessionDetail:
    """One session with its relays."""
    return await request.app[app_keys.ADMIN_SESSIONS].show(path.session_id)


@route(
    "POST",
    "/v1/admin/sessions/{session_id}/kill",
    path=AnySessionPath,
    path_missing=ErrorCode.SESSION_NOT_FOUND,
    body=KillSessionRequest,
    answer=KilledSession,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def kill_session(request: web.Request, path: AnySessionPath, body: KillSessionRequest) -> KilledSession:
    """End it now, at every relay of it."""
    return await request.app[app_keys.ADMIN_SESSIONS].kill(actor_of(request), path.session_id, body)


ROUTES = (list_all_sessions, show_session, kill_session)
