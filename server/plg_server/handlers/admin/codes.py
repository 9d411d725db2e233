"""/v1/admin/codes and /v1/admin/referrals: promo and gift codes, and who brought whom."""

from aiohttp import web

from plg.contract.admin_codes import (
    CodeFile,
    CodePage,
    CodeQuery,
    CodesStopped,
    FindCodeRequest,
    NewCodes,
    NewCodesRequest,
    ReferralPage,
    ReferralQuery,
    StopCodesRequest,
)
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services import admin_codes as service


class CodePath(Request, frozen=True, kw_only=True):
    """A code's own id, which is not its text."""

    code_id: EntityId


@route("GET", "/v1/admin/codes", query=CodeQuery, answer=CodePage, auth=Auth.SUPPORT, limit=Limit.READ)
async def list_codes(request: web.Request, query: CodeQuery) -> CodePage:
    """Codes by kind, state and batch, newest first; without their texts, which nobody has."""
    return await service.codes(query, request.app[app_keys.CLOCK]())


@route(
    "POST",
    "/v1/admin/codes",
    body=NewCodesRequest,
    answer=NewCodes,
    status=201,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=(ErrorCode.PLAN_NOT_FOUND,),
)
async def create_codes(request: web.Request, body: NewCodesRequest) -> NewCodes:
    """Make one code, or a batch of random ones; the answer is the only place that ever shows their texts."""
    return await service.create(actor_of(request), body, request.app[app_keys.CLOCK]())


@route(
    "POST",
    "/v1/admin/codes/find",
    body=FindCodeRequest,
    answer=CodeFile,
    auth=Auth.SUPPORT,
    limit=Limit.CODE,
    errors=(ErrorCode.NOT_FOUND,),
)
async def find_code(request: web.Request, body: FindCodeRequest) -> CodeFile:
    """Look a code up by what a player typed."""
    return await service.find(body.text, request.app[app_keys.CLOCK]())


@route("GET", "/v1/admin/codes/{code_id}", path=CodePath, answer=CodeFile, auth=Auth.SUPPORT, limit=Limit.READ)
async def show_code(request: web.Request, path: CodePath) -> CodeFile:
    """One code with its uses."""
    return await service.code_file(path.code_id, request.app[app_keys.CLOCK]())


@route(
    "POST",
    "/v1/admin/codes/{code_id}/stop",
    path=CodePath,
    body=StopCodesRequest,
    answer=CodesStopped,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def stop_code(request: web.Request, path: CodePath, body: StopCodesRequest) -> CodesStopped:
    """Stop a code or its whole batch; what they gave stays."""
    return await service.stop(actor_of(request), path.code_id, body, request.app[app_keys.CLOCK]())


@route("GET", "/v1/admin/referrals", query=ReferralQuery, answer=ReferralPage, auth=Auth.SUPPORT, limit=Limit.READ)
async def list_referrals(request: web.Request, query: ReferralQuery) -> ReferralPage:  # noqa: ARG001 - the same for every operator
    """Who brought how many, and how many of those paid."""
    return await service.referrals(query)


ROUTES = (list_codes, create_codes, find_code, show_code, stop_code, list_referrals)
