"""/admin/settings: the effective configuration, what the server stands on, periodic work, and e-mail."""

from aiohttp import web

from plg_server import app_keys
from plg_server.config import redacted_url, shown_config
from plg_server.handlers.admin.acting import actor_of
from plg_server.pages.page import Access, NoFields, page
from plg_server.pages.rendering import go, render
from plg_server.routes import Limit
from plg_server.services import outbox
from plg_server.services.server_state import parts, periodic_work, versions
from plg_server.services.trial_mail import send_trial_mail

GIVEN_UP_SHOWN = 20


@page("GET", "/admin/settings", access=Access.SUPPORT, limit=Limit.READ)
async def settings_page(request: web.Request) -> web.Response:
    """As `plg server check` shows it: secrets are hidden."""
    config = request.app[app_keys.CONFIG]
    store_where = redacted_url(config.store_url) if config.store_url else "memory"
    return render(
        request,
        "admin/settings.html",
        settings=shown_config(config),
        parts=await parts(request.app[app_keys.DATABASE], request.app[app_keys.STORE], store_where),
        versions=versions(),
        work=await periodic_work(),
        mails_waiting=await outbox.count("waiting"),
        mails_sent=await outbox.count("sent"),
        given_up=await outbox.given_up(GIVEN_UP_SHOWN),
    )


@page(
    "POST",
    "/admin/settings/test-mail",
    access=Access.ADMIN,
    limit=Limit.CODE,
    form=NoFields,
    shown_again=settings_page,
)
async def test_mail(request: web.Request, form: NoFields) -> web.StreamResponse:  # noqa: ARG001 - a button
    """An e-mail to one's own address."""
    await send_trial_mail(request.app[app_keys.CONFIG], actor_of(request), request.app[app_keys.CLOCK]())
    return go(request, "/admin/settings", note="test_mail")


PAGES = (settings_page, test_mail)
