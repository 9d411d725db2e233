"""`plg account devices`: where the account is logged in."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.contract.account_safety import DeviceList

app = command_app(help=N_("See where the account is logged in, and end what you do not know."))

MOST_SHOWN = 200
"""Specification: the server's largest page; somebody with more logins wants to end them, not to read them."""


@app.callback(invoke_without_command=True, no_args_is_help=False)
def group(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        list_devices(ctx)


@add_command(
    app, name="list", help=N_("List the devices, last used first."), examples="plg account devices list --json"
)
def list_devices(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            show_devices(run, await client.devices(limit=MOST_SHOWN))

    run_async(work())


@add_command(
    app,
    help=N_("Log a device out, or all but this one."),
    examples="plg account devices revoke 0123456789abcdef\nplg account devices revoke --others",
)
def revoke(
    ctx: typer.Context,
    device: Annotated[
        str | None, typer.Argument(metavar="[ID]", help=N_("The device's number in the list."), show_default=False)
    ] = None,
    others: Annotated[bool, typer.Option("--others", help=N_("Every device but this one."))] = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    if (device is None) is not others:
        raise CliError(
            _("name one device, or --others"),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("see: {command}").format(command="plg account devices list"),
        )
    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            if device is None:
                show_revoked(run, (await client.revoke_other_devices()).revoked)
            else:
                await client.revoke_device(device)
                show_revoked(run, 1)

    run_async(work())


def show_devices(run: Invocation, found: "DeviceList") -> None:
    """A line for each."""
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import DevicesDocument

        run.output.document(DevicesDocument(devices=found.devices, total=found.total))
        return
    from plg.cli.output import Column

    columns = [
        Column(_("Device")), Column(_("Logged in")), Column(_("Last used")), Column(_("From")), Column(_("Number")),
    ]  # fmt: skip
    rows = [
        (
            (one.name or _("(no name)")) + (" " + _("(this one)") if one.current else ""),
            one.created_at[:10],
            one.last_used_at[:16].replace("T", " "),
            one.network or "-",
            one.id,
        )
        for one in found.devices
    ]
    run.output.table(columns, rows)


def show_revoked(run: Invocation, count: int) -> None:
    """How many were logged out."""
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import DevicesRevokedDocument

        run.output.document(DevicesRevokedDocument(revoked=count))
        return
    run.output.line(ngettext("{n} device logged out", "{n} devices logged out", count).format(n=count))
