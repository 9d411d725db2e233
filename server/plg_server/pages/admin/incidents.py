"""/admin/incidents: what players are told of faults and planned work, on the status page."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_nodes import AdminNodesQuery
from plg.contract.incidents import (
    EndIncidentRequest,
    IncidentSeverity,
    IncidentsQuery,
    IncidentText,
    IncidentTitle,
    OpenIncidentRequest,
    OtherText,
    OtherTitle,
    UpdateIncidentRequest,
)
from plg.contract.problem import ErrorCode
from plg.contract.schema import Identifier, Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.incidents import IncidentPath
from plg_server.pages.admin.lists import Day, day_begins, paging
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, render
from plg_server.problems import ApiError
from plg_server.routes import Limit
from plg_server.services import incidents as service


class OpenForm(Request, frozen=True, kw_only=True):
    """As the API's; a day for planned work."""

    title: IncidentTitle
    text: IncidentText
    severity: IncidentSeverity = "minor"
    title_ru: OtherTitle = ""
    text_ru: OtherText = ""
    node_id: Identifier | None = None
    day: Day | None = None
    time: Annotated[str, Meta(pattern=r"^[0-2][0-9]:[0-5][0-9]$")] | None = None


class UpdateForm(Request, frozen=True, kw_only=True):
    """One thing more, or the end of it."""

    text: OtherText = ""
    text_ru: OtherText = ""
    severity: IncidentSeverity | None = None
    then: Literal["goes_on", "over"] = "goes_on"


@page("GET", "/admin/incidents", access=Access.SUPPORT, limit=Limit.READ, query=IncidentsQuery)
async def incidents_page(request: web.Request, query: IncidentsQuery) -> web.Response:
    """Incidents, newest first."""
    found = await service.page(query)
    return render(request, "admin/incidents.html", rows=found.incidents, query=query, paging=paging(query, found))


@page("GET", "/admin/incidents/new", access=Access.ADMIN, limit=Limit.READ)
async def new_incident_page(request: web.Request) -> web.Response:
    """Ask what to tell."""
    nodes = await request.app[app_keys.ADMIN_NODES].page(AdminNodesQuery(limit=200))
    return render(request, "admin/incident_new.html", nodes=nodes.nodes)


@page(
    "POST",
    "/admin/incidents/new",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    form=OpenForm,
    shown_again=new_incident_page,
)
async def open_incident(request: web.Request, form: OpenForm) -> web.StreamResponse:
    """Tell players of it."""
    begins = day_begins(form.day)
    if begins is not None and form.time is not None:
        hours, minutes = (int(part) for part in form.time.split(":"))
        begins = begins.replace(hour=min(hours, 23), minute=minutes)
    wanted = OpenIncidentRequest(
        title=form.title,
        text=form.text,
        severity=form.severity,
        title_ru=form.title_ru,
        text_ru=form.text_ru,
        node_id=form.node_id,
        started_at=begins,
    )
    made = await service.open_incident(actor_of(request), wanted, request.app[app_keys.CLOCK]())
    return go(request, f"/admin/incidents/{made.id}", note="saved")


@page("GET", "/admin/incidents/{incident_id}", access=Access.SUPPORT, limit=Limit.READ, path=IncidentPath)
async def incident_page(request: web.Request, path: IncidentPath) -> web.Response:
    """One of them."""
    return render(request, "admin/incident.html", incident=await service.show(path.incident_id))


@page(
    "POST",
    "/admin/incidents/{incident_id}/tell",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=IncidentPath,
    form=UpdateForm,
    shown_again=incident_page,
)
async def tell_more(request: web.Request, path: IncidentPath, form: UpdateForm) -> web.StreamResponse:
    """One thing more, or that it is over."""
    actor, now = actor_of(request), request.app[app_keys.CLOCK]()
    if form.then == "over":
        await service.end(actor, path.incident_id, EndIncidentRequest(text=form.text, text_ru=form.text_ru), now)
    elif not form.text:
        raise ApiError(ErrorCode.INVALID_BODY, "an update says something")
    else:
        wanted = UpdateIncidentRequest(text=form.text, text_ru=form.text_ru, severity=form.severity)
        await service.update(actor, path.incident_id, wanted, now)
    return go(request, f"/admin/incidents/{path.incident_id}", note="saved")


PAGES = (incidents_page, new_incident_page, open_incident, incident_page, tell_more)
