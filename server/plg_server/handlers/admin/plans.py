"""/v1/admin/plans: what is sold."""

from aiohttp import web

from plg.contract.admin_plans import AdminPlanList, EditPlanRequest, PlanChange, PlanName
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.routes import Auth, Limit, route
from plg_server.services.admin_plans import edit, plans


class PlanPath(Request, frozen=True, kw_only=True):
    """A plan by its name."""

    name: PlanName


@route("GET", "/v1/admin/plans", answer=AdminPlanList, auth=Auth.SUPPORT, limit=Limit.READ)
async def list_plans(request: web.Request) -> AdminPlanList:  # noqa: ARG001 - the same for every operator
    """All plans, also those that are not offered any more."""
    return await plans()


@route(
    "PATCH",
    "/v1/admin/plans/{name}",
    path=PlanPath,
    body=EditPlanRequest,
    answer=PlanChange,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=(ErrorCode.PLAN_NOT_FOUND,),
)
async def edit_plan(request: web.Request, path: PlanPath, body: EditPlanRequest) -> PlanChange:
    """Change a plan, or make a new one. What was sold before keeps its days and price."""
    return await edit(actor_of(request), path.name, body, request.app[app_keys.CLOCK]())


ROUTES = (list_plans, edit_plan)
