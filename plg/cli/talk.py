"""Everything that is said to a person beside the result (stderr) and everything that is asked of one."""

import getpass
import sys
import warnings

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _
from plg.cli.output import encode_document, safe_text

MAX_SECRET_CHARS = 1024
"""Implementation. More than any password the server takes; a wrong file on stdin is not read whole."""


class Talk:
    """Notices and questions of one command. With `as_json`, notices are `plg.event/1` documents on stderr."""

    def __init__(self, *, as_json: bool, no_input: bool) -> None:
        self._as_json = as_json
        self._no_input = no_input

    def say(self, text: str) -> None:
        """A remark: what is being done, what was done beside the result. Scripts that read JSON are spared it."""
        if not self._as_json:
            self._write(safe_text(text))

    def pass_on(self, text: str) -> None:
        """What another process of plg said there, which is made safe already."""
        for line in text.splitlines():
            self._write(safe_text(line))

    def warn(self, text: str, *, event: str) -> None:
        """Something that the person should know; `event` is its stable name in JSON."""
        if not self._as_json:
            self._write(_("warning: {text}").format(text=safe_text(text)))
            return
        from datetime import UTC, datetime

        from plg.contract.cli_output import EventDocument

        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._write(encode_document(EventDocument(event=event, at=at, detail={"message": text})))

    def ask(self, question: str, *, instead: str) -> str:
        """One line from the person. Raises CliError naming the option to use `instead` where nobody can be asked."""
        self._must_be_able_to_ask(instead)
        sys.stderr.write(question)
        sys.stderr.flush()
        line = sys.stdin.readline(MAX_SECRET_CHARS)
        if not line:
            raise _no_answer(instead)
        return line.strip()

    def ask_secret(self, question: str, *, instead: str) -> str:
        """As `ask`, without showing what is typed."""
        self._must_be_able_to_ask(instead)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", getpass.GetPassWarning)  # it would show the password
                return getpass.getpass(question, stream=sys.stderr)
        except (EOFError, getpass.GetPassWarning):
            raise _no_answer(instead) from None

    def secret_from_stdin(self) -> str:
        """The first line of standard input, for `--password-stdin`. Raises CliError when there is none."""
        secret = sys.stdin.readline(MAX_SECRET_CHARS).rstrip("\r\n")
        if not secret:
            raise CliError(
                _("no password on standard input"),
                code="usage",
                exit_code=ExitCode.USAGE,
                next_step=_("pipe it in, for example: plg login --password-stdin < FILE"),
            )
        return secret

    def _must_be_able_to_ask(self, instead: str) -> None:
        if self._no_input or not sys.stdin.isatty():
            raise _no_answer(instead)

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()
        except BrokenPipeError:
            return  # nobody listens: talk is not worth failing for


def _no_answer(instead: str) -> CliError:
    return CliError(
        _("cannot ask here: there is no terminal, or --no-input was given"),
        code="usage",
        exit_code=ExitCode.USAGE,
        next_step=_("give {option}").format(option=instead),
    )
