"""`plg completion`: the script that lets a shell complete `plg`, and the words that it asks for."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.command_app import add_command, command_app
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _

if TYPE_CHECKING:
    from pathlib import Path

    from plg.cli.completion_scripts import Shell

app = command_app()


@add_command(
    app,
    help=N_(
        "Print the script that completes plg in a shell.\n"
        "Commands, options and settings, and the games and relays that this machine has seen. The network is never asked."
    ),
    examples=(
        'eval "$(plg completion bash)"          # in ~/.bashrc\n'
        'eval "$(plg completion zsh)"           # in ~/.zshrc, after compinit\n'
        "plg completion fish | source           # in ~/.config/fish/config.fish\n"
        "plg completion powershell | Out-String | Invoke-Expression\n"
        "plg completion bash --install          # a file of its own; --uninstall removes it"
    ),
)
def completion(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="SHELL", help=N_("bash, zsh, fish or powershell."), show_default=False),
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help=N_("Write the script where the shell looks for it (bash, fish)."))
    ] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall", help=N_("Remove what --install wrote."))] = False,
    suggest: Annotated[str | None, typer.Option("--suggest", hidden=True)] = None,
    new_word: Annotated[bool, typer.Option("--new-word", hidden=True)] = False,
) -> None:
    run = invocation(ctx)
    given = list(words or [])
    if suggest is not None:
        show_suggestions(run, [*given, ""] if new_word or not given else given)
        return
    shell = read_shell(given)
    if install and uninstall:
        raise _usage(_("--install and --uninstall go different ways"), _("give one of them"))
    if install or uninstall:
        change_file(run, shell, install=install)
        return
    show_script(run, shell)


def show_script(run: Invocation, shell: "Shell") -> None:
    """The script; as a document with --json."""
    from plg.cli.completion_scripts import script

    if run.output.as_json:
        from plg.contract.cli_output_scripts import CompletionDocument

        run.output.document(CompletionDocument(shell=shell, script=script(shell)))
    else:
        run.output.block(script(shell))


def show_suggestions(run: Invocation, words: list[str]) -> None:
    """A word a line, and after a space what it means; for the scripts."""
    from plg.cli.completion_scripts import FILES_WORD
    from plg.cli.completion_words import suggest

    found = suggest(words, run.settings)
    if run.output.as_json:
        from plg.contract.cli_output_scripts import SuggestionsDocument

        run.output.document(SuggestionsDocument(words=dict(found.words), files=found.files))
        return
    if found.files:
        run.output.line(FILES_WORD)
    for word, text in found.words.items():
        run.output.line(f"{word} {text}".rstrip())


def read_shell(words: list[str]) -> "Shell":
    """Raises CliError."""
    from difflib import get_close_matches

    from plg.cli.completion_scripts import SHELLS

    found = next((shell for shell in SHELLS if words == [shell]), None)
    if found is None:
        text = " ".join(words)
        raise CliError(
            _("there is no shell called '{name}'").format(name=text) if words else _("which shell?"),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("allowed: {values}").format(values=", ".join(SHELLS)),
            nearest=tuple(get_close_matches(text, SHELLS)),
        )
    return found


def change_file(run: Invocation, shell: "Shell", *, install: bool) -> None:
    """Writes or removes a file of our own; somebody else's of the same name is left alone. Raises CliError."""
    from plg.cli.completion_scripts import is_ours, own_file, script

    file = own_file(shell, run.environ)
    if file is None:
        raise _usage(
            _("{shell} has no place for one person's completions").format(shell=shell),
            _("see the lines to write yourself: {command}").format(command="plg completion --help"),
        )
    try:
        there = file.exists()
        if there and not is_ours(file):
            raise CliError(
                _("{path} is not ours").format(path=file),
                code="not_ours",
                exit_code=ExitCode.FAILURE,
                next_step=_("move it away, or use the script without --install"),
            )
        if install:
            file.parent.mkdir(parents=True, exist_ok=True)
            _replace(file, script(shell))
        elif there:
            file.unlink()
    except OSError as error:
        raise CliError(
            _("cannot write {path}: {why}").format(path=file, why=error.strerror or error),
            code="output_failed",
            exit_code=ExitCode.FAILURE,
        ) from error
    if run.output.as_json:
        from plg.contract.cli_output_scripts import CompletionDocument

        run.output.document(CompletionDocument(shell=shell, script="", file=str(file), installed=install))
    elif install:
        run.talk.say(_("Written: {path}; new shells use it. --uninstall removes it.").format(path=file))
    else:
        run.talk.say((_("Removed: {path}") if there else _("{path} is not there")).format(path=file))


def _replace(file: "Path", text: str) -> None:
    """Whole or not at all. Raises OSError."""
    import os
    import tempfile
    from pathlib import Path

    descriptor, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).replace(file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _usage(message: str, next_step: str) -> CliError:
    return CliError(message, code="usage", exit_code=ExitCode.USAGE, next_step=next_step)
