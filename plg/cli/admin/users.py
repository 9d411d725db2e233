"""`plg admin users`: find accounts, look at one, ban, unban, give a role, sign out everywhere."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.admin.asking import DryRunOption, LimitOption, OffsetOption, YesOption, be_sure
from plg.cli.admin.visiting import visit
from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption
from plg.cli.settings import ServerAddress

if TYPE_CHECKING:
    from plg.api.admin_client import AdminClient
    from plg.contract.admin_users import BanRequest, RoleRequest, UserActRequest

app = command_app(
    help=N_("Accounts: find, show, ban, give a role, sign out.\nAn account is named by its e-mail address or its id.")
)

ROLES = ("player", "support", "admin")
SORTS = ("created", "email", "name", "plan_ends", "sessions", "seconds")

UserArgument = Annotated[str, typer.Argument(metavar="EMAIL|ID", help=N_("The account."))]


@add_command(
    app,
    name="list",
    help=N_("List accounts, newest first, or those that fit."),
    examples="plg admin users list --search example.org\nplg admin users list --role support\nplg admin users list --banned --sort -seconds --json",
)
def list_(
    ctx: typer.Context,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help=N_("Part of the address or the name, or the id."))
    ] = None,
    role: Annotated[
        str | None, typer.Option("--role", metavar="ROLE", help=N_("player, support, admin or deleted."))
    ] = None,
    banned: Annotated[
        bool | None, typer.Option("--banned/--not-banned", help=N_("Only those who are banned, or are not."))
    ] = None,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help=N_("With this plan now; none: without one."))
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            "--sort", metavar="BY", help=N_("created, email, name, plan_ends, sessions or seconds; with - downwards.")
        ),
    ] = "-created",
    limit: LimitOption = 50,
    offset: OffsetOption = 0,
    server: ServerOption = None,
) -> None:
    from plg.cli.admin.user_view import show_users
    from plg.contract.admin_users import UserPage

    run = invocation(ctx)
    if role is not None:
        one_of(role, (*ROLES, "deleted"), option="--role")
    one_of(sort.removeprefix("-"), SORTS, option="--sort")
    query = {
        "query": search, "role": role, "banned": banned, "plan": plan, "sort": sort, "limit": limit, "offset": offset
    }  # fmt: skip

    show_users(run, visit(run, run.server(server), lambda client: client.get("/users", UserPage, query)))


@add_command(
    app,
    name="show",
    help=N_("Show one account: plan, totals, sign-ins, sessions."),
    examples="plg admin users show anna@example.org",
)
def show(ctx: typer.Context, user: UserArgument, server: ServerOption = None) -> None:
    from plg.cli.admin.user_view import show_user
    from plg.contract.admin_users import UserDetail

    run = invocation(ctx)

    async def work(client: "AdminClient") -> UserDetail:
        return await client.get(f"/users/{await user_id(client, user)}", UserDetail)

    show_user(run, visit(run, run.server(server), work))


@add_command(
    app,
    name="ban",
    help=N_("Ban an account: it is signed out and its sessions end at once."),
    examples='plg admin users ban anna@example.org --reason "resells accounts"\nplg admin users ban anna@example.org --reason cheats --dry-run',
)
def ban(
    ctx: typer.Context,
    user: UserArgument,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help=N_("Why; for operators, the player is not shown it."))
    ],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_users import BanRequest

    run = invocation(ctx)
    if not dry_run:
        be_sure(run, _("Ban {user}? Sign-ins and sessions end at once.").format(user=user), yes=yes)
    _act(run, run.server(server), user, "ban", BanRequest(reason=reason, dry_run=dry_run))


@add_command(
    app, name="unban", help=N_("Let a banned account in again."), examples="plg admin users unban anna@example.org"
)
def unban(ctx: typer.Context, user: UserArgument, dry_run: DryRunOption = False, server: ServerOption = None) -> None:
    from plg.contract.admin_users import UserActRequest

    run = invocation(ctx)
    _act(run, run.server(server), user, "unban", UserActRequest(dry_run=dry_run))


@add_command(
    app,
    name="role",
    help=N_("Make an account a player's, a supporter's or an admin's.\nThe last admin cannot lose the role."),
    examples="plg admin users role anna@example.org support",
)
def role_(
    ctx: typer.Context,
    user: UserArgument,
    role: Annotated[str, typer.Argument(metavar="ROLE", help=N_("player, support or admin."))],
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    import msgspec

    from plg.contract.admin_users import RoleRequest

    run = invocation(ctx)
    one_of(role, ROLES, option="ROLE")
    if not dry_run:
        be_sure(run, _("Make {user} {role}?").format(user=user, role=role), yes=yes)
    _act(run, run.server(server), user, "role", msgspec.convert({"role": role, "dry_run": dry_run}, RoleRequest))


@add_command(
    app,
    name="sign-out",
    help=N_("End every sign-in and API token of an account."),
    examples="plg admin users sign-out anna@example.org --yes",
)
def sign_out(
    ctx: typer.Context,
    user: UserArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_users import UserActRequest

    run = invocation(ctx)
    if not dry_run:
        be_sure(run, _("Sign {user} out everywhere?").format(user=user), yes=yes)
    _act(run, run.server(server), user, "sign-out", UserActRequest(dry_run=dry_run))


async def user_id(client: "AdminClient", user: str) -> str:
    """The id of an account that a person named by address or id. Raises CliError when the address is nobody's."""
    from urllib.parse import quote

    from plg.contract.admin_users import UserPage

    if "@" not in user:
        return quote(user, safe="")
    found = (await client.get("/users", UserPage, {"email": user, "limit": 1})).users
    if not found:
        raise CliError(
            _("no account has the address {email}").format(email=user),
            code="user_not_found",
            exit_code=ExitCode.NOT_FOUND,
            next_step=_("see: {command}").format(command="plg admin users list --search TEXT"),
        )
    return found[0].id


def one_of(word: str, allowed: tuple[str, ...], *, option: str) -> None:
    """Raises CliError, naming `option`, for a word that is none of the allowed ones."""
    if word not in allowed:
        raise CliError(
            _("'{value}' is no {key}").format(value=word, key=option),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("one of: {names}").format(names=", ".join(allowed)),
        )


def _act(
    run: Invocation, address: ServerAddress, user: str, what: str, body: "BanRequest | RoleRequest | UserActRequest"
) -> None:
    from plg.cli.admin.user_view import show_change
    from plg.contract.admin_users import UserChange

    async def work(client: "AdminClient") -> UserChange:
        return await client.post(f"/users/{await user_id(client, user)}/{what}", UserChange, body)

    show_change(run, visit(run, address, work))
