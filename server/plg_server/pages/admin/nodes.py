"""/admin/nodes: relays, what they do, and what operators change of them."""

from aiohttp import web

from plg.contract.admin_nodes import AdminNodesQuery, CreateNodeRequest, EditNodeRequest
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.nodes import NodePath
from plg_server.pages.admin.lists import paging
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go, own_url, render
from plg_server.routes import Limit
from plg_server.services.relay_delays import relay_delays


class CreateNodeForm(CreateNodeRequest, frozen=True, kw_only=True):
    """What players will see of a relay."""


class EditNodeForm(EditNodeRequest, frozen=True, kw_only=True):
    """What is left empty becomes empty, but for the name."""


@page("GET", "/admin/nodes", access=Access.SUPPORT, limit=Limit.READ, query=AdminNodesQuery)
async def nodes_page(request: web.Request, query: AdminNodesQuery) -> web.Response:
    """All relays."""
    found = await request.app[app_keys.ADMIN_NODES].page(query)
    delays = await relay_delays(request.app[app_keys.CLOCK]())
    return render(
        request, "admin/nodes.html", nodes=found.nodes, delays=delays, query=query, paging=paging(query, found)
    )


@page("GET", "/admin/nodes/new", access=Access.ADMIN, limit=Limit.READ)
async def new_node_page(request: web.Request) -> web.Response:
    """Ask what the new relay is called."""
    return render(request, "admin/node_new.html", made=None, server=own_url(request))


@page(
    "POST",
    "/admin/nodes/new",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    form=CreateNodeForm,
    shown_again=new_node_page,
)
async def create_node(request: web.Request, form: CreateNodeForm) -> web.StreamResponse:
    """Make a token and show it, this once, with the command for the relay's machine."""
    made = await request.app[app_keys.ADMIN_NODES].create(actor_of(request), form)
    return render(request, "admin/node_new.html", made=made, server=own_url(request))


@page("GET", "/admin/nodes/{node_id}", access=Access.SUPPORT, limit=Limit.READ, path=NodePath)
async def node_page(request: web.Request, path: NodePath) -> web.Response:
    """One relay."""
    node = await request.app[app_keys.ADMIN_NODES].show(path.node_id)
    delays = await relay_delays(request.app[app_keys.CLOCK]())
    return render(request, "admin/node.html", node=node, delay=delays.get(node.id))


@page(
    "POST",
    "/admin/nodes/{node_id}/edit",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=NodePath,
    form=EditNodeForm,
    shown_again=node_page,
)
async def edit_node(request: web.Request, path: NodePath, form: EditNodeForm) -> web.StreamResponse:
    """Change name, place, region, priority, cost."""
    emptied = {name: getattr(form, name) or "" for name in ("country", "city", "region", "monthly_cost")}
    wanted = EditNodeForm(name=form.name, priority_ms=form.priority_ms, **emptied)
    await request.app[app_keys.ADMIN_NODES].edit(actor_of(request), path.node_id, wanted)
    return go(request, f"/admin/nodes/{path.node_id}", note="saved")


PAGES = (nodes_page, new_node_page, create_node, node_page, edit_node)
