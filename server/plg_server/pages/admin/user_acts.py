"""/admin/users/...: banning, roles and signing out, each tried before it is done."""

from typing import Literal

from aiohttp import web

from plg.contract.admin_users import BanReason, BanRequest, RoleRequest, UserActRequest, UserChange
from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.handlers.admin.users import UserPath
from plg_server.pages.admin.acts import ActForm, Fact, Trial, ask_once_more, said
from plg_server.pages.admin.users import user_page
from plg_server.pages.language import N_
from plg_server.pages.page import Access, page
from plg_server.pages.rendering import go
from plg_server.routes import Limit
from plg_server.services.admin_user_acts import AdminUserActs
from plg_server.services.admin_users import AdminUsers

SIGN_INS_END = N_("Sign-ins that end: {count}")
TOKENS_END = N_("API tokens that are revoked: {count}")
SESSIONS_END = N_("Sessions that end at once: {count}")


class BanForm(ActForm, frozen=True, kw_only=True):
    """Why, for other operators."""

    reason: BanReason


class RoleForm(ActForm, frozen=True, kw_only=True):
    """What the account is from now on."""

    role: Literal["player", "support", "admin"]


@page(
    "POST",
    "/admin/users/{user_id}/ban",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=UserPath,
    form=BanForm,
    shown_again=user_page,
)
async def ban_user(request: web.Request, path: UserPath, form: BanForm) -> web.StreamResponse:
    """Signed out, sessions ended, kept out."""
    wanted = BanRequest(reason=form.reason, dry_run=form.dry_run)
    done = await _acts(request).ban(actor_of(request), path.user_id, wanted)
    title, button = N_("Ban {email}?"), N_("Ban the account")
    facts = (Fact(said(request, N_("Banned")), said(request, N_("no")), form.reason),) if done.changed else ()
    return _next(request, done, title, button, facts, note="user_banned")


@page(
    "POST",
    "/admin/users/{user_id}/unban",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=UserPath,
    form=ActForm,
    shown_again=user_page,
)
async def unban_user(request: web.Request, path: UserPath, form: ActForm) -> web.StreamResponse:
    """Let in again."""
    done = await _acts(request).unban(actor_of(request), path.user_id, UserActRequest(dry_run=form.dry_run))
    facts = (
        (Fact(said(request, N_("Banned")), said(request, N_("yes")), said(request, N_("no"))),) if done.changed else ()
    )
    title, button = N_("Let {email} in again?"), N_("Lift the ban")
    return _next(request, done, title, button, facts, note="user_unbanned", harmless=True)


@page(
    "POST",
    "/admin/users/{user_id}/role",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=UserPath,
    form=RoleForm,
    shown_again=user_page,
)
async def give_role(request: web.Request, path: UserPath, form: RoleForm) -> web.StreamResponse:
    """A player, a supporter or an admin."""
    before = await AdminUsers(request.app[app_keys.ACCOUNTS]).show(path.user_id)
    wanted = RoleRequest(role=form.role, dry_run=form.dry_run)
    done = await _acts(request).set_role(actor_of(request), path.user_id, wanted)
    facts = (Fact(said(request, N_("Role")), before.user.role.value, form.role),) if done.changed else ()
    return _next(
        request, done, N_("Another role for {email}?"), N_("Give the role"), facts, note="saved", harmless=True
    )


@page(
    "POST",
    "/admin/users/{user_id}/sign-out",
    access=Access.ADMIN,
    limit=Limit.WRITE,
    path=UserPath,
    form=ActForm,
    shown_again=user_page,
)
async def sign_user_out(request: web.Request, path: UserPath, form: ActForm) -> web.StreamResponse:
    """Every device and every API token."""
    done = await _acts(request).sign_out(actor_of(request), path.user_id, UserActRequest(dry_run=form.dry_run))
    return _next(
        request, done, N_("Sign {email} out everywhere?"), N_("Sign out everywhere"), (), note="user_signed_out"
    )


def _acts(request: web.Request) -> AdminUserActs:
    return AdminUserActs(AdminUsers(request.app[app_keys.ACCOUNTS]), request.app[app_keys.REVOCATIONS])


def _next(
    request: web.Request,
    done: UserChange,
    title: str,
    button: str,
    facts: tuple[Fact, ...],
    *,
    note: str,
    harmless: bool = False,
) -> web.StreamResponse:
    back = f"/admin/users/{done.user.id}"
    if not done.dry_run:
        return go(request, back, note=note)
    counted = (
        (SIGN_INS_END, done.sign_ins_ended),
        (TOKENS_END, done.tokens_revoked),
        (SESSIONS_END, done.sessions_ended),
    )
    lines = tuple(said(request, words, count=count) for words, count in counted if count)
    shown_title = said(request, title, email=done.user.email)
    return ask_once_more(request, Trial(shown_title, said(request, button), back, facts, lines, harmless))


PAGES = (ban_user, unban_user, give_role, sign_user_out)
