"""/v1/sessions: start, renew, one more target, stop, history."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg.contract.sessions import (
    ApproveTargetRequest,
    ReplaceTransitsRequest,
    SessionGrant,
    SessionPage,
    SessionRecord,
    StartSessionRequest,
    StopSessionRequest,
)
from plg_server import app_keys
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route


class SessionPath(Request, frozen=True):
    """A session of the caller."""

    session_id: EntityId


class HistoryQuery(Request, frozen=True):
    """Newest first."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


@route(
    "POST",
    "/v1/sessions",
    body=StartSessionRequest,
    answer=SessionGrant,
    status=201,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(
        ErrorCode.GAME_NOT_FOUND,
        ErrorCode.GAME_NOT_SUPPORTED,
        ErrorCode.TARGET_REFUSED,
        ErrorCode.NODE_NOT_FOUND,
        ErrorCode.NODE_DRAINING,
        ErrorCode.NODE_FULL,
        ErrorCode.NODE_DISABLED,
        ErrorCode.NODE_OFFLINE,
        ErrorCode.MODE_NOT_ALLOWED,
        ErrorCode.NO_RELAY_FREE,
        ErrorCode.SUBSCRIPTION_NEEDED,
        ErrorCode.EMAIL_NOT_VERIFIED,
        ErrorCode.STORE_UNAVAILABLE,
    ),
)
async def start_session(request: web.Request, body: StartSessionRequest) -> SessionGrant:
    """Choose exit, transits and standby, and get the tickets and keys to use them."""
    request.app[app_keys.EMAIL_VERIFICATION].refuse_unverified(request[app_keys.IDENTITY].account)
    return await request.app[app_keys.SESSIONS].start(request[app_keys.IDENTITY].account, body)


@route("GET", "/v1/sessions", query=HistoryQuery, answer=SessionPage, auth=Auth.ACCOUNT, limit=Limit.READ)
async def list_sessions(request: web.Request, query: HistoryQuery) -> SessionPage:
    """The caller's sessions, newest first."""
    account = request[app_keys.IDENTITY].account
    return await request.app[app_keys.SESSIONS].history(account, query.limit, query.offset)


@route(
    "POST",
    "/v1/sessions/{session_id}/renew",
    path=SessionPath,
    path_missing=ErrorCode.SESSION_NOT_FOUND,
    answer=SessionGrant,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(
        ErrorCode.SESSION_ENDED,
        ErrorCode.NO_RELAY_FREE,
        ErrorCode.SUBSCRIPTION_NEEDED,
        ErrorCode.STORE_UNAVAILABLE,
    ),
)
async def renew_session(request: web.Request, path: SessionPath) -> SessionGrant:
    """The same session with a later end."""
    return await request.app[app_keys.SESSIONS].renew(request[app_keys.IDENTITY].account, path.session_id)


@route(
    "POST",
    "/v1/sessions/{session_id}/targets",
    path=SessionPath,
    path_missing=ErrorCode.SESSION_NOT_FOUND,
    body=ApproveTargetRequest,
    answer=SessionGrant,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(
        ErrorCode.SESSION_ENDED,
        ErrorCode.TARGET_REFUSED,
        ErrorCode.GAME_NOT_SUPPORTED,
        ErrorCode.NO_RELAY_FREE,
        ErrorCode.STORE_UNAVAILABLE,
    ),
)
async def add_target(request: web.Request, path: SessionPath, body: ApproveTargetRequest) -> SessionGrant:
    """One more destination for a running session."""
    account = request[app_keys.IDENTITY].account
    return await request.app[app_keys.SESSIONS].add_target(account, path.session_id, body.target)


@route(
    "POST",
    "/v1/sessions/{session_id}/transits",
    path=SessionPath,
    path_missing=ErrorCode.SESSION_NOT_FOUND,
    body=ReplaceTransitsRequest,
    answer=SessionGrant,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
    errors=(ErrorCode.SESSION_ENDED, ErrorCode.NO_RELAY_FREE, ErrorCode.STORE_UNAVAILABLE),
)
async def replace_transits(request: web.Request, path: SessionPath, body: ReplaceTransitsRequest) -> SessionGrant:
    """Other transits in the places of those that failed."""
    account = request[app_keys.IDENTITY].account
    return await request.app[app_keys.SESSIONS].replace_transits(account, path.session_id, body)


@route(
    "POST",
    "/v1/sessions/{session_id}/stop",
    path=SessionPath,
    path_missing=ErrorCode.SESSION_NOT_FOUND,
    body=StopSessionRequest,
    answer=SessionRecord,
    auth=Auth.ACCOUNT,
    limit=Limit.WRITE,
)
async def stop_session(request: web.Request, path: SessionPath, body: StopSessionRequest) -> SessionRecord:
    """End a session and hand in its metrics; repeating it changes nothing."""
    account = request[app_keys.IDENTITY].account
    return await request.app[app_keys.SESSIONS].stop(account, path.session_id, body)


ROUTES = (start_session, list_sessions, renew_session, add_target, replace_transits, stop_session)
