"""/v1/admin/users: accounts, as operators see them and act on them."""

from aiohttp import web

from plg.contract.admin_users import (
    BanRequest,
    RoleRequest,
    UserActRequest,
    UserChange,
    UserDetail,
    UserPage,
    UserQuery,
)
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services.admin_user_acts import AdminUserActs
from plg_server.services.admin_users import AdminUsers


class UserPath(Request, frozen=True):
    """Any account."""

    user_id: EntityId


@route("GET", "/v1/admin/users", query=UserQuery, answer=UserPage, auth=Auth.SUPPORT, limit=Limit.READ)
async def list_users(request: web.Request, query: UserQuery) -> UserPage:
    """Accounts by search and filters."""
    return await _users(request).find(query, request.app[app_keys.CLOCK]())


@route(
    "GET",
    "/v1/admin/users/{user_id}",
    path=UserPath,
    path_missing=ErrorCode.USER_NOT_FOUND,
    answer=UserDetail,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def show_user(request: web.Request, path: UserPath) -> UserDetail:
    """One account: plan, totals, sign-ins, sessions."""
    return await _users(request).show(path.user_id)


@route(
    "POST",
    "/v1/admin/users/{user_id}/ban",
    path=UserPath,
    path_missing=ErrorCode.USER_NOT_FOUND,
    body=BanRequest,
    answer=UserChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=(ErrorCode.LAST_ADMIN,),
)
async def ban(request: web.Request, path: UserPath, body: BanRequest) -> UserChange:
    """Ban an account: it is signed out and its sessions end at once."""
    return await _acts(request).ban(actor_of(request), path.user_id, body)


@route(
    "POST",
    "/v1/admin/users/{user_id}/unban",
    path=UserPath,
    path_missing=ErrorCode.USER_NOT_FOUND,
    body=UserActRequest,
    answer=UserChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def unban(request: web.Request, path: UserPath, body: UserActRequest) -> UserChange:
    """Let a banned account in again."""
    return await _acts(request).unban(actor_of(request), path.user_id, body)


@route(
    "POST",
    "/v1/admin/users/{user_id}/role",
    path=UserPath,
    path_missing=ErrorCode.USER_NOT_FOUND,
    body=RoleRequest,
    answer=UserChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=(ErrorCode.LAST_ADMIN,),
)
async def set_role(request: web.Request, path: UserPath, body: RoleRequest) -> UserChange:
    """Make an account a player's, a supporter's or an admin's."""
    return await _acts(request).set_role(actor_of(request), path.user_id, body)


@route(
    "POST",
    "/v1/admin/users/{user_id}/sign-out",
    path=UserPath,
    path_missing=ErrorCode.USER_NOT_FOUND,
    body=UserActRequest,
    answer=UserChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def sign_out(request: web.Request, path: UserPath, body: UserActRequest) -> UserChange:
    """End every sign-in and API token of an account."""
    return await _acts(request).sign_out(actor_of(request), path.user_id, body)


def _users(request: web.Request) -> AdminUsers:
    return AdminUsers(request.app[app_keys.ACCOUNTS])


def _acts(request: web.Request) -> AdminUserActs:
    return AdminUserActs(_users(request), request.app[app_keys.REVOCATIONS])


ROUTES = (list_users, show_user, ban, unban, set_role, sign_out)
