"""What `plg update --json` prints."""

from plg.contract.cli_output import Document


class UpdateDocument(Document, frozen=True, kw_only=True):
    """`action`: "none" (nothing was changed), "installed", "installer_started", "rolled_back".

    `version` is the one that runs now, or from the next start on. `available` is the newer version that can be installed here, `newest` the
    newest one for this platform and form, also when it cannot be stepped to directly; null where not asked. `form`: "single",
    "folder", "installer" or "pip"; `command` is what a person runs instead, where plg does not replace itself.
    """

    action: str
    version: str
    available: str | None
    newest: str | None
    form: str
    platform: str
    channel: str | None
    sequence: int | None
    expires_at: str | None
    size: int | None
    command: str | None
    schema: str = "plg.update/1"
