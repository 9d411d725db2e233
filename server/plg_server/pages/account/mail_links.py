"""/forgot, and where the links of e-mails lead: /account/verify, /account/reset, /account/undo.

A link's token stands behind the #, which no server and no log gets to see. A script puts it into the form; without scripts it, or the
code of the e-mail, is pasted. Opening a page uses nothing up: only its button does, so a mail scanner that opens links harms nothing.
"""

from aiohttp import web

from plg.contract.account_changes import MailCodeText
from plg.contract.schema import Email, Password, Request
from plg_server import app_keys
from plg_server.pages.page import Access, NoFields, page
from plg_server.pages.rendering import go, render
from plg_server.pages.visitor import forget_session, visitor_of
from plg_server.routes import Limit
from plg_server.services.mail_codes import LONGEST_CODE_CHARS


class ForgotForm(Request, frozen=True, kw_only=True):
    """Whose password it is."""

    email: Email


class CodeForm(Request, frozen=True, kw_only=True):
    """A code of an e-mail, or the token of its link."""

    code: MailCodeText


class ResetForm(Request, frozen=True, kw_only=True):
    """The same, and the new password."""

    code: MailCodeText
    new_password: Password


@page("GET", "/forgot", access=Access.ANYBODY, limit=Limit.READ)
async def forgot_page(request: web.Request) -> web.Response:
    """Ask whose password it is."""
    return render(request, "account/forgot.html")


@page("POST", "/forgot", access=Access.ANYBODY, limit=Limit.CODE, form=ForgotForm, shown_again=forgot_page)
async def forgot(request: web.Request, form: ForgotForm) -> web.Response:
    """Send an e-mail, if there is such an account: nobody is told whether."""
    await request.app[app_keys.PASSWORD_RESET].ask(form.email, visitor_of(request).language)
    return go(request, "/account/reset", note="reset_sent")


@page("GET", "/account/reset", access=Access.ANYBODY, limit=Limit.READ)
async def reset_page(request: web.Request) -> web.Response:
    """Choose a new password."""
    return render(request, "account/reset.html")


@page("POST", "/account/reset", access=Access.ANYBODY, limit=Limit.CODE, form=ResetForm, shown_again=reset_page)
async def reset(request: web.Request, form: ResetForm) -> web.Response:
    """Set it; every sign-in of the account ends."""
    await request.app[app_keys.PASSWORD_RESET].reset(form.code, form.new_password)
    response = go(request, "/sign-in", note="password_set")
    # It may have been this account's browser: its cookie is worth nothing any more.
    forget_session(response)
    return response


@page("GET", "/account/verify", access=Access.ANYBODY, limit=Limit.READ)
async def verify_page(request: web.Request) -> web.Response:
    """Confirm an address, a new account's or a changed one."""
    identity = request.get(app_keys.IDENTITY)
    settings = None
    if identity is not None:
        settings = await request.app[app_keys.ACCOUNT_CHANGES].describe(identity.account_id)
    return render(request, "account/verify.html", settings=settings)


@page("POST", "/account/verify", access=Access.ANYBODY, limit=Limit.CODE, form=CodeForm, shown_again=verify_page)
async def verify(request: web.Request, form: CodeForm) -> web.Response:
    """By a link's token for anybody who has it; by the short code for the account that is signed in."""
    identity = request.get(app_keys.IDENTITY)
    changes = request.app[app_keys.ACCOUNT_CHANGES]
    if identity is not None and len(form.code) <= LONGEST_CODE_CHARS:
        await changes.verify(identity.account_id, form.code)
    else:
        await changes.verify_link(form.code)
    return go(request, "/account" if identity is not None else "/sign-in", note="email_verified")


@page("POST", "/account/verify/send", access=Access.SIGNED_IN, limit=Limit.CODE, form=NoFields, shown_again=verify_page)
async def send_verification(request: web.Request, form: NoFields) -> web.Response:  # noqa: ARG001 - declared, and empty
    """Send another code to the account's address."""
    await request.app[app_keys.EMAIL_VERIFICATION].send(request[app_keys.IDENTITY].account_id)
    return go(request, "/account/verify", note="code_sent")


@page("GET", "/account/undo", access=Access.ANYBODY, limit=Limit.READ)
async def undo_page(request: web.Request) -> web.Response:
    """Take a change of address back."""
    return render(request, "account/undo.html")


@page("POST", "/account/undo", access=Access.ANYBODY, limit=Limit.CODE, form=CodeForm, shown_again=undo_page)
async def undo(request: web.Request, form: CodeForm) -> web.Response:
    """The old address counts again; every sign-in ends, and a new password is due: somebody else knew the old one."""
    await request.app[app_keys.ACCOUNT_CHANGES].undo_email(form.code)
    response = go(request, "/forgot", note="email_undone")
    forget_session(response)
    return response


PAGES = (
    forgot_page,
    forgot,
    reset_page,
    reset,
    verify_page,
    verify,
    send_verification,
    undo_page,
    undo,
)
