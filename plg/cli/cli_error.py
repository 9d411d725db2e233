"""A failure that a command foresaw."""

from collections.abc import Mapping

from plg.cli.exit_codes import ExitCode


class CliError(Exception):
    """Ends the command with one clear line, already in the person's language.

    `code` is the stable name in JSON, `message` what went wrong, `next_step` what to do about it (None when there is nothing to do),
    `nearest` what may have been meant, `detail` facts for programs.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        exit_code: ExitCode,
        next_step: str | None = None,
        nearest: tuple[str, ...] = (),
        request_id: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.exit_code = exit_code
        self.next_step = next_step
        self.nearest = nearest
        self.request_id = request_id
        self.detail = dict(detail or {})
