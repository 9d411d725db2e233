"""/v1/admin/incidents: what the status page tells of faults and planned work."""

from aiohttp import web

from plg.contract.incidents import (
    EndIncidentRequest,
    Incident,
    IncidentPage,
    IncidentsQuery,
    OpenIncidentRequest,
    UpdateIncidentRequest,
)
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services import incidents as service


class IncidentPath(Request, frozen=True, kw_only=True):
    """An incident."""

    incident_id: EntityId


@route("GET", "/v1/admin/incidents", query=IncidentsQuery, answer=IncidentPage, auth=Auth.SUPPORT, limit=Limit.READ)
async def list_incidents(request: web.Request, query: IncidentsQuery) -> IncidentPage:  # noqa: ARG001 - the same for every operator
    """Incidents, newest first."""
    return await service.page(query)


@route(
    "POST",
    "/v1/admin/incidents",
    body=OpenIncidentRequest,
    answer=Incident,
    status=201,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=(ErrorCode.NODE_NOT_FOUND,),
)
async def open_incident(request: web.Request, body: OpenIncidentRequest) -> Incident:
    """Tell players of a fault or of planned work."""
    return await service.open_incident(actor_of(request), body, request.app[app_keys.CLOCK]())


@route(
    "GET",
    "/v1/admin/incidents/{incident_id}",
    path=IncidentPath,
    answer=Incident,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
)
async def show_incident(request: web.Request, path: IncidentPath) -> Incident:  # noqa: ARG001 - the same for every operator
    """One incident."""
    return await service.show(path.incident_id)


@route(
    "POST",
    "/v1/admin/incidents/{incident_id}/updates",
    path=IncidentPath,
    body=UpdateIncidentRequest,
    answer=Incident,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def update_incident(request: web.Request, path: IncidentPath, body: UpdateIncidentRequest) -> Incident:
    """Tell one thing more."""
    return await service.update(actor_of(request), path.incident_id, body, request.app[app_keys.CLOCK]())


@route(
    "POST",
    "/v1/admin/incidents/{incident_id}/end",
    path=IncidentPath,
    body=EndIncidentRequest,
    answer=Incident,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=(ErrorCode.NOTHING_TO_CHANGE,),
)
async def end_incident(request: web.Request, path: IncidentPath, body: EndIncidentRequest) -> Incident:
    """It is over."""
    return await service.end(actor_of(request), path.incident_id, body, request.app[app_keys.CLOCK]())


ROUTES = (list_incidents, open_incident, show_incident, update_incident, end_incident)
