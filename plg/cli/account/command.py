"""`plg account`: the table of its commands, each loaded when it is called; without one it shows the account."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from plg.cli.command_app import PlgGroup
from plg.cli.language import N_
from plg.cli.options import ServerOption
from plg.cli.root import LazyCommand, load_command

if TYPE_CHECKING:
    from typer._click.core import Command, Context

COMMANDS: dict[str, LazyCommand] = {
    "show": LazyCommand("plg.cli.account.show", N_("Show the account's address and the language of e-mails.")),
    "verify": LazyCommand(
        "plg.cli.account.verify", N_("Confirm your e-mail address with the code that was sent there.")
    ),
    "email": LazyCommand("plg.cli.account.email", N_("Change the account's e-mail address.")),
    "undo": LazyCommand("plg.cli.account.undo", N_("Take a change of the account's address back.")),
    "password": LazyCommand(
        "plg.cli.account.password", N_("Change the password; every other login of the account ends.")
    ),
    "forgot": LazyCommand("plg.cli.account.forgot", N_("Get a code for a new password by e-mail.")),
    "reset": LazyCommand(
        "plg.cli.account.reset",
        N_("Set a new password with the code of an e-mail; every login of the account ends."),
    ),
    "language": LazyCommand("plg.cli.account.language", N_("Choose the language of e-mails.")),
    "totp": LazyCommand(
        "plg.cli.account.totp", N_("Guard the account with a code of an authenticator beside the password.")
    ),
    "devices": LazyCommand(
        "plg.cli.account.devices", N_("See where the account is logged in, and end what you do not know.")
    ),
    "tokens": LazyCommand("plg.cli.account.tokens", N_("Make, list and end API tokens for scripts.")),
    "telegram": LazyCommand("plg.cli.account.telegram", N_("Link your Telegram chat with the account.")),
    "export": LazyCommand("plg.cli.account.export", N_("Take your data along.")),
    "delete": LazyCommand("plg.cli.account.delete", N_("Delete the account for good.")),
}
"""In the order of the help page. A new command is one line here and one file."""


class AccountGroup(PlgGroup):
    """Finds commands in COMMANDS and imports only the one that is called."""

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002 - typer's signature
        return list(COMMANDS)

    def command_rows(self, ctx: "Context") -> Sequence[tuple[str, str]]:  # noqa: ARG002 - typer's signature
        return [(name, command.summary) for name, command in COMMANDS.items()]

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":  # noqa: ARG002 - typer's signature
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else load_command(cmd_name, entry)


app = typer.Typer(
    cls=AccountGroup,
    help=N_("Look after your account."),
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def account(ctx: typer.Context, server: ServerOption = None) -> None:
    if ctx.invoked_subcommand is None:
        from plg.cli.account.show import show

        show(ctx, server)
