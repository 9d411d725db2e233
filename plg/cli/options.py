"""Options and arguments that several commands share."""

from typing import Annotated

import typer

from plg.cli.language import N_

ServerOption = Annotated[
    str | None,
    typer.Option("--server", metavar="URL", help=N_("The server's address, instead of PLG_SERVER or config.toml.")),
]
EmailOption = Annotated[
    str | None,
    typer.Option("--email", metavar="EMAIL", help=N_("The account's e-mail address; asked for when missing.")),
]
PasswordStdinOption = Annotated[
    bool, typer.Option("--password-stdin", help=N_("Read the password from the first line of standard input."))
]
