"""`plg admin claim`: become the first admin of a server."""

from typing import Annotated

import typer

from plg.cli.admin.visiting import visit
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Become the first admin of a server, with the token that it says when it starts.\n"
        "The account that you are logged in with becomes the admin. It works once, and only while there is no admin."
    ),
    examples="plg register\nplg admin claim TOKEN",
)
def claim(
    ctx: typer.Context,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help=N_("What plg server run said."))],
    server: ServerOption = None,
) -> None:
    from plg.contract.admin_stats import AdminClaimDocument, Claimed, ClaimRequest

    run = invocation(ctx)

    claimed = visit(run, run.server(server), lambda client: client.post("/claim", Claimed, ClaimRequest(token=token)))
    if run.output.as_json:
        run.output.document(AdminClaimDocument(claimed=claimed))
    else:
        run.output.line(_("{email} is an admin now.").format(email=claimed.email))
