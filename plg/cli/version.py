"""`plg version` and `plg --version`."""

import typer

from plg import __version__
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_

app = command_app()


@add_command(app, help=N_("Show the version."), examples="plg version\nplg version --json")
def version(ctx: typer.Context) -> None:
    show_version(invocation(ctx))


def show_version(run: Invocation) -> None:
    """One line for people, a document for programs."""
    import platform

    if run.output.as_json:
        from plg.contract.cli_output import VersionDocument

        system = f"{platform.system()}-{platform.release()}-{platform.machine()}"
        run.output.document(VersionDocument(version=__version__, python=platform.python_version(), platform=system))
    else:
        run.output.line(f"plg {__version__}")
