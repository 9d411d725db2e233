"""/v1/admin/nodes: relays."""

from aiohttp import web

from plg.contract.admin_nodes import (
    ActNodeRequest,
    AdminNode,
    AdminNodePage,
    AdminNodesQuery,
    CreateNodeRequest,
    DeleteQuery,
    DrainNodeRequest,
    EditNodeRequest,
    NewNode,
    NodeAct,
)
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route

STORE_AWAY = (ErrorCode.STORE_UNAVAILABLE,)


class NodePath(Request, frozen=True):
    """A relay."""

    node_id: EntityId


@route(
    "GET",
    "/v1/admin/nodes",
    query=AdminNodesQuery,
    answer=AdminNodePage,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
    errors=STORE_AWAY,
)
async def list_all_nodes(request: web.Request, query: AdminNodesQuery) -> AdminNodePage:
    """Relays by name, also those that players do not see."""
    return await request.app[app_keys.ADMIN_NODES].page(query)


@route(
    "POST",
    "/v1/admin/nodes",
    body=CreateNodeRequest,
    answer=NewNode,
    status=201,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
)
async def create_node(request: web.Request, body: CreateNodeRequest) -> NewNode:
    """A token with which one relay may enrol, once."""
    return await request.app[app_keys.ADMIN_NODES].create(actor_of(request), body)


@route(
    "GET",
    "/v1/admin/nodes/{node_id}",
    path=NodePath,
    path_missing=ErrorCode.NODE_NOT_FOUND,
    answer=AdminNode,
    auth=Auth.SUPPORT,
    limit=Limit.READ,
    errors=STORE_AWAY,
)
async def show_node(request: web.Request, path: NodePath) -> AdminNode:
    """One relay."""
    return await request.app[app_keys.ADMIN_NODES].show(path.node_id)


@route(
    "PATCH",
    "/v1/admin/nodes/{node_id}",
    path=NodePath,
    path_missing=ErrorCode.NODE_NOT_FOUND,
    body=EditNodeRequest,
    answer=AdminNode,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=STORE_AWAY,
)
async def edit_node(request: web.Request, path: NodePath, body: EditNodeRequest) -> AdminNode:
    """Change name, place, region or priority."""
    return await request.app[app_keys.ADMIN_NODES].edit(actor_of(request), path.node_id, body)


@route(
    "POST",
    "/v1/admin/nodes/{node_id}/enable",
    path=NodePath,
    path_missing=ErrorCode.NODE_NOT_FOUND,
    body=ActNodeRequest,
    answer=NodeAct,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=STORE_AWAY,
)
async def enable_node(request: web.Request, path: NodePath, body: ActNodeRequest) -> NodeAct:
    """Sessions again."""
    nodes = request.app[app_keys.ADMIN_NODES]
    return await nodes.enable(actor_of(request), path.node_id, dry_run=body.dry_run)


@route(
    "POST",
    "/v1/admin/nodes/{node_id}/disable",
    path=NodePath,
    path_missing=ErrorCode.NODE_NOT_FOUND,
    body=ActNodeRequest,
    answer=NodeAct,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=STORE_AWAY,
)
async def disable_node(request: web.Request, path: NodePath, body: ActNodeRequest) -> NodeAct:
    """No new sessions; those that run go on."""
    nodes = request.app[app_keys.ADMIN_NODES]
    return await nodes.disable(actor_of(request), path.node_id, dry_run=body.dry_run)


@route(
    "POST",
    "/v1/admin/nodes/{node_id}/drain",
    path=NodePath,
    path_missing=ErrorCode.NODE_NOT_FOUND,
    body=DrainNodeRequest,
    answer=NodeAct,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=STORE_AWAY,
)
async def drain_node(request: web.Request, path: NodePath, body: DrainNodeRequest) -> NodeAct:
    """No new sessions, and those that run end soon."""
    nodes = request.app[app_keys.ADMIN_NODES]
    return await nodes.drain(actor_of(request), path.node_id, body.seconds, dry_run=body.dry_run)


@route(
    "DELETE",
    "/v1/admin/nodes/{node_id}",
    path=NodePath,
    path_missing=ErrorCode.NODE_NOT_FOUND,
    query=DeleteQuery,
    answer=NodeAct,
    auth=Auth.ADMIN,
    limit=Limit.WRITE,
    errors=STORE_AWAY,
)
async def delete_node(request: web.Request, path: NodePath, query: DeleteQuery) -> NodeAct:
    """Out for good: its key no longer works, its sessions end."""
    nodes = request.app[app_keys.ADMIN_NODES]
    return await nodes.delete(actor_of(request), path.node_id, dry_run=query.dry_run)


ROUTES = (list_all_nodes, create_node, show_node, edit_node, enable_node, disable_node, drain_node, delete_node)
