"""What the commands of `plg admin` share: paging, trying without changing, being sure, and times on the command line."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import N_, _

YesOption = Annotated[bool, typer.Option("--yes", help=N_("Do not ask."))]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help=N_("Make every check and say what would change; change nothing."))
]
LimitOption = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, max=200, help=N_("How many to show, at most 200."))
]
OffsetOption = Annotated[
    int, typer.Option("--offset", metavar="N", min=0, max=1_000_000, help=N_("How many to pass over first."))
]

_AGO = re.compile(r"([0-9]{1,5})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def be_sure(run: Invocation, question: str, *, yes: bool) -> None:
    """Asks before something that cannot be undone; `question` is a translated sentence without the choice.

    Raises CliError: exit code 2 where nobody can be asked and `--yes` is missing, 1 when the person does not say yes.
    """
    if yes:
        return
    answer = run.talk.ask(_("{question} [y/N] ").format(question=question), instead="--yes").casefold()
    if not answer.startswith(("y", _("y"))):
        raise CliError(_("nothing was changed"), code="not_confirmed", exit_code=ExitCode.FAILURE)


def moment(text: str, *, option: str, now: datetime | None = None) -> datetime:
    """A time from the command line: a date, RFC 3339 (without an offset: UTC), or so long ago (`90m`, `24h`, `7d`).

    Raises CliError, naming `option`.
    """
    if ago := _AGO.fullmatch(text):
        return (now or datetime.now(UTC)) - int(ago[1]) * _UNITS[ago[2]]
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CliError(
            _("'{text}' is no time").format(text=text),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("{option} takes 2026-01-31, 2026-01-31T18:00:00Z, or 90m, 24h, 7d ago").format(option=option),
        ) from None


def say_page(run: Invocation, shown: int, total: int, offset: int) -> None:
    """Beside a table: which part of the whole it is, and how to see the rest."""
    if shown == total:
        return
    run.talk.say(
        _("{first} to {last} of {total}").format(first=offset + min(shown, 1), last=offset + shown, total=total)
    )
    if offset + shown < total:
        run.talk.say(_("More: --offset {offset}").format(offset=offset + shown))
