"""The JSON of the commands around the tunnel's process: `plg service`, `plg logs`, `plg restore`."""

from plg.contract.cli_output import Document
from plg.contract.schema import Answer


class ServiceDocument(Document, frozen=True, kw_only=True):
    """`plg service status`, `install` and `uninstall`. `user` is whom it serves; `file` the unit or task that starts it.

    `is_running` and `version` are what the running service itself says. `next_step` is a command that is left to the person.
    """

    action: str
    user: str
    user_id: int | None
    is_installed: bool
    is_running: bool
    file: str | None = None
    socket: str | None = None
    version: str | None = None
    pid: int | None = None
    next_step: str | None = None
    schema: str = "plg.service/1"


class LogLineDocument(Document, frozen=True, kw_only=True):
    """`plg logs --json`: one line of the log. `said` is the object when the line is JSON itself (a tunnel that was started with --json)."""

    line: str
    said: dict[str, object] | None = None
    schema: str = "plg.log_line/1"


class RestoredChange(Answer, frozen=True, kw_only=True):
    """One thing that a run left. `state`: left (still there: `trouble` says why, or it was only looked at), undone, running (a living
    process wants it), kept (wanted until a person undoes it) or damaged (not believed, set aside).
    """

    kind: str
    state: str
    what: str
    pid: int | None = None
    trouble: str | None = None


class RestoreDocument(Document, frozen=True, kw_only=True):
    """`plg restore`. `undone` counts what was put back, `left` what is still to be."""

    changes: list[RestoredChange]
    undone: int
    left: int
    dry_run: bool
    schema: str = "plg.restore/1"
