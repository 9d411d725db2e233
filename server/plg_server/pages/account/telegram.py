"""/account/telegram and /account/referral: the chat that speaks for the account, and bringing friends."""

from aiohttp import web

from plg_server import app_keys
from plg_server.pages.account.frame import show
from plg_server.pages.language import N_, translated
from plg_server.pages.page import Access, NoFields, page
from plg_server.pages.qr_codes import qr_code
from plg_server.pages.rendering import address, go, own_url
from plg_server.pages.visitor import visitor_of
from plg_server.routes import Limit
from plg_server.services import telegram_links
from plg_server.services.referrals import referral_report

OPENS_BOT = N_("The link to the bot, for your phone")
OPENS_SIGN_UP = N_("Your link, for a friend's phone")


@page("GET", "/account/telegram", access=Access.SIGNED_IN, limit=Limit.READ)
async def telegram_page(request: web.Request) -> web.Response:
    """Whether a chat is linked."""
    config = request.app[app_keys.CONFIG].telegram
    state = await telegram_links.state(config, request[app_keys.IDENTITY].account_id)
    return show(request, "account/telegram.html", state=state, invitation=None, qr="")


@page("POST", "/account/telegram", access=Access.SIGNED_IN, limit=Limit.CODE, form=NoFields, shown_again=telegram_page)
async def begin_telegram(request: web.Request, form: NoFields) -> web.Response:  # noqa: ARG001 - declared, and empty
    """A one-time link and code, shown this once."""
    config, account_id = request.app[app_keys.CONFIG].telegram, request[app_keys.IDENTITY].account_id
    invitation = await telegram_links.invite(config, account_id, request.app[app_keys.CLOCK]())
    state = await telegram_links.state(config, account_id)
    label = translated(visitor_of(request).language, OPENS_BOT)
    return show(
        request, "account/telegram.html", state=state, invitation=invitation, qr=qr_code(invitation.link, label)
    )


@page(
    "POST",
    "/account/telegram/unlink",
    access=Access.SIGNED_IN,
    limit=Limit.WRITE,
    form=NoFields,
    shown_again=telegram_page,
)
async def unlink_telegram(request: web.Request, form: NoFields) -> web.Response:  # noqa: ARG001 - declared, and empty
    """Part the chat from the account."""
    await telegram_links.unlink(request[app_keys.IDENTITY].account_id)
    return go(request, "/account/telegram", note="telegram_unlinked")


@page("GET", "/account/referral", access=Access.SIGNED_IN, limit=Limit.READ)
async def referral_page(request: web.Request) -> web.Response:
    """The account's own code and what came of it; where nothing is sold there is nothing to give."""
    if not request.app[app_keys.CONFIG].billing.on:
        return show(request, "account/referral.html", report=None, link="", qr="")
    report = await referral_report(request[app_keys.IDENTITY].account_id, request.app[app_keys.CLOCK]())
    language = visitor_of(request).language
    link = f"{own_url(request)}{address(language, '/sign-up', ref=report.code)}"
    return show(
        request,
        "account/referral.html",
        report=report,
        link=link,
        qr=qr_code(link, translated(language, OPENS_SIGN_UP)),
    )


PAGES = (telegram_page, begin_telegram, unlink_telegram, referral_page)
