"""`plg account export`: everything that the server knows of the account."""

from pathlib import Path
from typing import Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Take your data along.\nEverything that the server knows of the account, as JSON, "
        "on standard output or in a FILE that only you may read."
    ),
    examples="plg account export my-plg.json\nplg account export | jq .sessions",
)
def export(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help=N_("Where to write it."), show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=N_("Replace the file when it is there already."))] = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)
    if file is not None:
        refuse_taken(file, force=force)

    async def fetched() -> bytes:
        async with account_client(run, address) as client:
            return await client.export()

    content = run_async(fetched())
    if file is None:
        show_export(run, content)
        return
    write(file, content)
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import AccountExportedDocument

        run.output.document(AccountExportedDocument(file=str(file), bytes=len(content)))
    else:
        run.output.line(_("Written to {file}.").format(file=file))


def show_export(run: Invocation, content: bytes) -> None:
    """The export itself on standard output."""
    if run.output.as_json:
        import msgspec

        from plg.contract.account_safety import AccountExport
        from plg.contract.cli_output_account_safety import AccountExportDocument

        run.output.document(AccountExportDocument(export=msgspec.json.decode(content, type=AccountExport)))
        return
    import json

    run.output.line(json.dumps(json.loads(content)))  # in ASCII, so that nothing in it steers a terminal


def refuse_taken(file: Path, *, force: bool) -> None:
    """Raises CliError for a file that is there, and always for what is no file."""
    if file.is_dir() or (file.exists() and not force):
        raise CliError(
            _("{file} is there already").format(file=file),
            code="file_exists",
            exit_code=ExitCode.USAGE,
            next_step=_("give another name") if file.is_dir() else _("give another name, or --force"),
        )


def write(file: Path, content: bytes) -> None:
    """Whole or not at all, readable by its owner only. Raises CliError with the system's own reason."""
    from plg.api.errors import TokenFileUnusable
    from plg.api.private_file import replace_private

    try:
        replace_private(file, content)
    except (TokenFileUnusable, OSError) as error:
        reason = error.detail if isinstance(error, TokenFileUnusable) else error.strerror or str(error)
        raise CliError(
            _("cannot write {file}: {why}").format(file=file, why=reason),
            code="cannot_write",
            exit_code=ExitCode.FAILURE,
            next_step=_("give another name"),
        ) from error
