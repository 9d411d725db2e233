"""/v1/admin/audit: what operators did."""

from aiohttp import web

from plg.contract.admin_audit import AuditPage, AuditQuery
from plg_server.routes import Auth, Limit, route
from plg_server.services.audit import entries


@route("GET", "/v1/admin/audit", query=AuditQuery, answer=AuditPage, auth=Auth.SUPPORT, limit=Limit.READ)
async def list_entries(request: web.Request, query: AuditQuery) -> AuditPage:  # noqa: ARG001 - the same for every operator
    """What operators did, newest first."""
    return await entries(query)


ROUTES = (list_entries,)
