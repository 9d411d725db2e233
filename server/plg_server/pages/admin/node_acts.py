"""/admin/nodes/...: enabling, disabling, draining and deleting a relay, each tried before it is done."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_nodes import NodeAct
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.nodes import NodePath
from plg_server.pages.admin.acts import ActForm, Fact, Trial, ask_once_more, said
from plg_server.pages.admin.nodes import node_page
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go
from plg_server.routes import Limit

DEFAULT_DRAIN_S = 600

TITLES = {
    "enable": N_("Let {name} take sessions again?"),
    "disable": N_("Take {name} out of service?"),
    "drain": N_("Drain {name}?"),
    "delete": N_("Delete {name} for good?"),
}
BUTTONS = {
    "enable": N_("Enable the relay"),
    "disable": N_("Disable the relay"),
    "drain": N_("Drain the relay"),
    "delete": N_("Delete the relay"),
}
EFFECTS = {
    "enable": N_("It gets sessions from its next heartbeat on. One that was told to drain goes on draining until it is restarted."),
    "disable": N_("It gets no new sessions. Those that run go on."),
    "drain": N_("It gets no new sessions, and tells players' clients to leave. What still runs after that time ends."),
    "delete": N_("Its key stops working and every session through it ends. This cannot be taken back; the machine must enrol anew."),
}  # fmt: skip
HARMLESS = ("enable",)
NOW = {
    "up": N_("working"),
    "full": N_("full"),
    "draining": N_("draining"),
    "silent": N_("silent"),
    "disabled": N_("disabled"),
    "deleted": N_("deleted"),
}
STATES = {"enable": N_("takes sessions"), "disable": N_("disabled"), "drain": N_("draining"), "delete": N_("deleted")}


class DrainForm(ActForm, frozen=True, kw_only=True):
    """After how many seconds what still runs ends."""

    seconds: Annotated[int, Meta(ge=0, le=86_400)] = DEFAULT_DRAIN_S


@page(
    "POST",
    "/admin/nodes/{node_id}/enable",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=NodePath,
    form=ActForm,
    shown_again=node_page,
)
async def enable_node(request: web.Request, path: NodePath, form: ActForm) -> web.StreamResponse:
    """Sessions again."""
    nodes = request.app[app_keys.ADMIN_NODES]
    done = await nodes.enable(actor_of(request), path.node_id, dry_run=form.dry_run)
    return _next(request, "enable", done, note="node_enabled")


@page(
    "POST",
    "/admin/nodes/{node_id}/disable",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=NodePath,
    form=ActForm,
    shown_again=node_page,
)
async def disable_node(request: web.Request, path: NodePath, form: ActForm) -> web.StreamResponse:
    """No new sessions."""
    nodes = request.app[app_keys.ADMIN_NODES]
    done = await nodes.disable(actor_of(request), path.node_id, dry_run=form.dry_run)
    return _next(request, "disable", done, note="node_disabled")


@page(
    "POST",
    "/admin/nodes/{node_id}/drain",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=NodePath,
    form=DrainForm,
    shown_again=node_page,
)
async def drain_node(request: web.Request, path: NodePath, form: DrainForm) -> web.StreamResponse:
    """No new sessions, and those that run end soon."""
    nodes = request.app[app_keys.ADMIN_NODES]
    done = await nodes.drain(actor_of(request), path.node_id, form.seconds, dry_run=form.dry_run)
    note = "node_drained" if done.control_failure is None else "node_not_told"
    return _next(request, "drain", done, note=note)


@page(
    "POST",
    "/admin/nodes/{node_id}/delete",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=NodePath,
    form=ActForm,
    shown_again=node_page,
)
async def delete_node(request: web.Request, path: NodePath, form: ActForm) -> web.StreamResponse:
    """Out for good."""
    nodes = request.app[app_keys.ADMIN_NODES]
    done = await nodes.delete(actor_of(request), path.node_id, dry_run=form.dry_run)
    return _next(request, "delete", done, note="node_deleted")


def _next(request: web.Request, act: str, done: NodeAct, *, note: str) -> web.StreamResponse:
    if not done.dry_run:
        return go(request, f"/admin/nodes/{done.node.id}", note=note)
    running = said(request, N_("Sessions that run through it: {count}"), count=done.running_total)
    return ask_once_more(
        request,
        Trial(
            title=said(request, TITLES[act], name=done.node.name),
            button=said(request, BUTTONS[act]),
            back=f"/admin/nodes/{done.node.id}",
            facts=(Fact(said(request, N_("State")), said(request, NOW[done.node.state]), said(request, STATES[act])),),
            lines=(said(request, EFFECTS[act]), running),
            harmless=act in HARMLESS,
        ),
    )


PAGES = (enable_node, disable_node, drain_node, delete_node)
