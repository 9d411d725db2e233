"""What a screen says when the server could not be asked."""

from plg.api.errors import ApiError
from plg.cli.api_failures import explain_api_error
from plg.cli.cli_error import CliError
from plg.cli.language import _
from plg.cli.output import safe_text


def failure_words(error: ApiError | CliError) -> tuple[str, str, str]:
    """For NextStep.say: what went wrong, and to ask again."""
    told = error if isinstance(error, CliError) else explain_api_error(error)
    text = told.message if told.next_step is None else f"{told.message}\n{told.next_step}"
    return safe_lines(text), "again", _("Ask again")


def safe_lines(text: str) -> str:
    """Each line made safe by itself."""
    return "\n".join(safe_text(line) for line in text.splitlines())
