"""/admin/graphs: panels of the operators' own Grafana."""

from aiohttp import web

from plg_server import app_keys
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import own_url, render
from plg_server.routes import Limit


@page("GET", "/admin/graphs", access=Access.SUPPORT, limit=Limit.READ)
async def graphs_page(request: web.Request) -> web.Response:
    """The panels, or how to set them up. The browser may show frames of Grafana's origin on this page alone."""
    grafana = request.app[app_keys.CONFIG].grafana
    origin = grafana.origin
    return render(
        request,
        "admin/graphs.html",
        panels=grafana.panel_urls,
        grafana_url=grafana.grafana_url,
        server=own_url(request),
        frame_sources=() if origin is None else (origin,),
    )


PAGES = (graphs_page,)
