"""/sign-out."""

from aiohttp import web

from plg_server import app_keys
from plg_server.pages.page import Access, NoFields, page
from plg_server.pages.rendering import go
from plg_server.pages.visitor import forget_session
from plg_server.routes import Limit


@page("POST", "/sign-out", access=Access.SIGNED_IN, limit=Limit.WRITE, form=NoFields)
async def sign_out(request: web.Request, form: NoFields) -> web.StreamResponse:  # noqa: ARG001 - declared, and empty
    """End this browser's sign-in."""
    await request.app[app_keys.BROWSER_SESSIONS].end(request[app_keys.IDENTITY].sign_in_id)
    response = go(request, "/", note="signed_out")
    forget_session(response)
    return response


PAGES = (sign_out,)
