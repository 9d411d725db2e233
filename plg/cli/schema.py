"""`plg schema`: the JSON Schema of what `--json` prints."""

from typing import Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import invocation
from plg.cli.language import N_, _

app = command_app()


@add_command(
    app,
    help=N_(
        "Print the JSON Schema of what --json prints.\nEvery document, or one by the name that stands in its first key. JSON with or without --json."
    ),
    examples="plg schema > plg.schema.json\nplg schema status\nplg schema plg.error/1\nplg schema --names",
)
def schema(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help=N_("One document: plg.status/1, or status."))
    ] = None,
    names: Annotated[bool, typer.Option("--names", help=N_("Only the names of the documents, one a line."))] = False,
) -> None:
    import json

    from plg.contract.json_schema import document_classes, json_schema

    run = invocation(ctx)
    documents = document_classes()
    if name is not None:
        found = full_name(name, list(documents))
        documents = {found: documents[found]}
    if names:
        from plg.contract.cli_output_scripts import SchemaNamesDocument

        if run.output.as_json:
            run.output.document(SchemaNamesDocument(names=list(documents)))
        else:
            run.output.block("\n".join(documents))
        return
    text = json.dumps(json_schema(documents), ensure_ascii=True, indent=None if run.output.as_json else 2)
    run.output.block(text)


def full_name(name: str, known: list[str]) -> str:
    """`status`, `plg.status` or `plg.status/1` as the last; without a number the newest. Raises CliError."""
    from difflib import get_close_matches

    wanted = name if name.startswith("plg.") else f"plg.{name}"
    if wanted in known:
        return wanted
    versions = [one for one in known if one.partition("/")[0] == wanted]
    if versions:
        return max(versions, key=lambda one: int(one.partition("/")[2]))
    short = {one.removeprefix("plg.").partition("/")[0]: one for one in known}
    raise CliError(
        _("there is no document called '{name}'").format(name=name),
        code="unknown_schema",
        exit_code=ExitCode.USAGE,
        next_step=_("see: {command}").format(command="plg schema --names"),
        nearest=tuple(get_close_matches(wanted.removeprefix("plg.").partition("/")[0], short)),
    )
