"""JSON that `plg server ... --json` prints for operators; the rules are those of `plg.contract.cli_output`."""

from plg.contract.cli_output import Document
from plg.contract.schema import Answer


class ServerListeningDocument(Document, frozen=True, kw_only=True):
    """`plg server run --json`, once requests are answered."""

    url: str
    port: int
    schema: str = "plg.server_listening/1"


class CheckView(Answer, frozen=True, kw_only=True):
    """One part that was tried; `problem` is null when it is well."""

    name: str
    detail: str
    problem: str | None


class ServerCheckDocument(Document, frozen=True, kw_only=True):
    """`plg server check --json`. `config` holds the effective values, secrets replaced by "***"."""

    ok: bool
    config: dict[str, str | int | float | bool | list[str] | None]
    checks: list[CheckView]
    schema: str = "plg.server_check/1"


class BotRunningDocument(Document, frozen=True, kw_only=True):
    """`plg bot run --json`, once the bot answers. `url` and `port` are null while it asks Telegram itself."""

    bot: str
    url: str | None
    port: int | None
    schema: str = "plg.bot_running/1"


class BotCheckDocument(Document, frozen=True, kw_only=True):
    """`plg bot check --json`. `config` holds what concerns the bot, secrets replaced by "***"."""

    ok: bool
    config: dict[str, str | int | float | bool | list[str] | None]
    checks: list[CheckView]
    schema: str = "plg.bot_check/1"


class RelayTokenDocument(Document, frozen=True, kw_only=True):
    """`plg server create-relay-token --json`. The token works once."""

    name: str
    token: str
    expires_at: str
    schema: str = "plg.relay_token/1"


class AdminMadeDocument(Document, frozen=True, kw_only=True):
    """`plg server create-admin --json`. `changed` is false when the account was an admin already."""

    account_id: str
    email: str
    created: bool
    changed: bool
    schema: str = "plg.admin_made/1"


class PasswordResetDocument(Document, frozen=True, kw_only=True):
    """`plg admin reset-password --json`."""

    email: str
    sign_ins_ended: int
    tokens_revoked: int
    second_factor_removed: bool
    schema: str = "plg.admin_password_reset/1"
