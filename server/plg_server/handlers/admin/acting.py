"""Who acts in a request of the admin API."""

from aiohttp import web

from plg_server import app_keys
from plg_server.services.audit import Actor


def actor_of(request: web.Request) -> Actor:
    """The caller of a route with Auth.SUPPORT or Auth.ADMIN, as the audit log keeps it."""
    identity = request[app_keys.IDENTITY]
    return Actor(
        account_id=identity.account_id,
        role=identity.account.role,
        via=identity.api_token_id or "sign_in",
        request_id=request[app_keys.REQUEST_ID],
        address=request[app_keys.CLIENT_ADDRESS],
    )
