"""`plg admin`: the table of its commands, each loaded when it is called."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from plg.cli.command_app import PlgGroup
from plg.cli.language import N_
from plg.cli.root import LazyCommand, load_command

if TYPE_CHECKING:
    from typer._click.core import Command, Context

COMMANDS: dict[str, LazyCommand] = {
    "users": LazyCommand("plg.cli.admin.users", N_("Accounts: find, show, ban, give a role, sign out.")),
    "stats": LazyCommand("plg.cli.admin.stats", N_("Show the server in figures.")),
    "nodes": LazyCommand("plg.cli.admin.nodes", N_("Look after relays.")),
    "incidents": LazyCommand("plg.cli.admin.incidents", N_("Tell players of faults, on the status page.")),
    "games": LazyCommand("plg.cli.admin.games", N_("Change games, their addresses and ports.")),
    "sessions": LazyCommand("plg.cli.admin.sessions", N_("See and end sessions.")),
    "benchmarks": LazyCommand("plg.cli.admin.benchmarks", N_("See and delete benchmarks that were sent in.")),
    "subscriptions": LazyCommand("plg.cli.admin.subscriptions", N_("Who has which plan; extend, change, cancel.")),
    "payments": LazyCommand("plg.cli.admin.payments", N_("What was paid, and what waits for you.")),
    "plans": LazyCommand("plg.cli.admin.plans", N_("See and edit what is sold here.")),
    "codes": LazyCommand("plg.cli.admin.codes", N_("Promo and gift codes, referrals.")),
    "tokens": LazyCommand("plg.cli.admin.tokens", N_("See and revoke tokens of relays and scripts.")),
    "audit": LazyCommand("plg.cli.admin.audit", N_("Show what operators did.")),
    "claim": LazyCommand("plg.cli.admin.claim", N_("Become the first admin, with the token of a new server.")),
    "reset-password": LazyCommand(
        "plg.cli.admin.reset_password", N_("Give a locked-out account a new password, on the server's machine.")
    ),
}
"""In the order of the help page. A new subject is one line here and one file."""


class AdminGroup(PlgGroup):
    """Finds commands in COMMANDS and imports only the one that is called."""

    def list_commands(self, ctx: "Context") -> list[str]:  # noqa: ARG002 - typer's signature
        return list(COMMANDS)

    def command_rows(self, ctx: "Context") -> Sequence[tuple[str, str]]:  # noqa: ARG002 - typer's signature
        return [(name, command.summary) for name, command in COMMANDS.items()]

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":  # noqa: ARG002 - typer's signature
        entry = COMMANDS.get(cmd_name)
        return None if entry is None else load_command(cmd_name, entry)


app = typer.Typer(
    cls=AdminGroup,
    help=N_(
        "Look after a server as its operator: people, money, relays, games.\n"
        "It needs the account of an operator. Support may read everything; what changes something is for admins, and is kept in the audit log."
    ),
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _group() -> None:
    """A callback makes typer keep a group a group, even with one command."""
