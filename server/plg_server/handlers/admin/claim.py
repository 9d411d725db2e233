"""/v1/admin/claim: the first admin."""

from aiohttp import web

from plg.contract.admin_stats import Claimed, ClaimRequest
from plg.contract.problem import ErrorCode
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import utc_now
from plg_server.routes import Auth, Limit, route
from plg_server.services.admin_claim import claim


@route(
    "POST",
    "/v1/admin/claim",
    body=ClaimRequest,
    answer=Claimed,
    auth=Auth.ACCOUNT,
    limit=Limit.CODE,
    errors=(ErrorCode.CLAIM_REFUSED,),
)
async def claim_server(request: web.Request, body: ClaimRequest) -> Claimed:
    """Become the first admin, with the token that the server said when it started."""
    return await claim(actor_of(request), body.token, utc_now())


ROUTES = (claim_server,)
