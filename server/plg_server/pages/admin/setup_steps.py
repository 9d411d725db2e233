"""/setup/...: what a new admin sees to, one step after the other. Configuration stays in the file: the steps show its exact lines."""

import json
from typing import Annotated
from urllib.parse import urlsplit

from aiohttp import web
from msgspec import Meta

from plg.contract.admin_nodes import AdminNodesQuery, CreateNodeRequest
from plg.contract.admin_tokens import AdminTokensQuery
from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import own_url, render
from plg_server.pages.visitor import visitor_of
from plg_server.problems import ApiError
from plg_server.routes import Limit
from plg_server.services.admin_tokens import token_page

Line = Annotated[str, Meta(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ServerQuery(Request, frozen=True, kw_only=True):
    """What the operator typed, to be shown as lines of the file."""

    operator_name: Line = ""
    operator_contact: Line = ""
    public_url: Line = ""


class FirstRelayForm(CreateNodeRequest, frozen=True, kw_only=True):
    """What players will see of the relay."""


@page("GET", "/setup/server", access=Access.ANYBODY, limit=Limit.READ, query=ServerQuery)
async def server_step(request: web.Request, query: ServerQuery) -> web.Response:
    """Name, contact and public address."""
    _admins_only(request)
    config = request.app[app_keys.CONFIG]
    now = {
        "operator_name": config.site.operator_name or "",
        "operator_contact": config.site.operator_contact or "",
        "public_url": config.public_url or "",
    }
    wanted = {name: getattr(query, name) or text for name, text in now.items()}
    # Behind a proxy the visitor's own address is what the browser says, not what arrives here.
    wanted["public_url"] = wanted["public_url"] or f"{request.scheme}://{request.host}"
    return render(
        request,
        "admin/setup_server.html",
        wanted=wanted,
        lines=file_lines({name: text for name, text in wanted.items() if text and text != now[name]}),
        public_url=config.public_url,
        fits=config.public_url is not None and urlsplit(config.public_url).netloc == request.host,
        is_https=(config.public_url or "").startswith("https://"),
    )


@page("GET", "/setup/mail", access=Access.ANYBODY, limit=Limit.READ)
async def mail_step(request: web.Request) -> web.Response:
    """E-mail."""
    _admins_only(request)
    return render(request, "admin/setup_mail.html")


@page("GET", "/setup/relay", access=Access.ANYBODY, limit=Limit.READ)
async def relay_step(request: web.Request) -> web.Response:
    """Whether a relay has come, and a token for the first one."""
    _admins_only(request)
    return await _relay_page(request)


@page(
    "POST",
    "/setup/relay",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    form=FirstRelayForm,
    shown_again=relay_step,
)
async def first_relay(request: web.Request, form: FirstRelayForm) -> web.StreamResponse:
    """A token and the command for the relay's machine, this once."""
    made = await request.app[app_keys.ADMIN_NODES].create(actor_of(request), form)
    return render(request, "admin/setup_relay.html", made=made, nodes=[], pending=1, server=own_url(request))


@page("GET", "/setup/money", access=Access.ANYBODY, limit=Limit.READ)
async def money_step(request: web.Request) -> web.Response:
    """Billing, on or off."""
    _admins_only(request)
    return render(request, "admin/setup_money.html")


@page("GET", "/setup/done", access=Access.ANYBODY, limit=Limit.READ)
async def done_step(request: web.Request) -> web.Response:
    """Where to go from here."""
    _admins_only(request)
    return render(request, "admin/setup_done.html")


def file_lines(values: dict[str, str]) -> str:
    """Lines of server.toml; TOML's basic strings are those of JSON."""
    return "\n".join(f"{name} = {json.dumps(text, ensure_ascii=False)}" for name, text in values.items())


async def _relay_page(request: web.Request) -> web.Response:
    found = await request.app[app_keys.ADMIN_NODES].page(AdminNodesQuery(limit=20))
    waiting = await token_page(
        AdminTokensQuery(kind="relay", state="pending", limit=1), request.app[app_keys.CLOCK]()
    )  # fmt: skip
    return render(
        request,
        "admin/setup_relay.html",
        made=None,
        nodes=found.nodes,
        pending=waiting.total,
        server=own_url(request),
    )


def _admins_only(request: web.Request) -> None:
    # Not "forbidden": to everybody else the wizard is not there.
    if not visitor_of(request).is_admin:
        raise ApiError(ErrorCode.NOT_FOUND, "there is nothing here")


PAGES = (server_step, mail_step, relay_step, first_relay, money_step, done_step)
