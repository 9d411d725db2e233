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


class RelayTokenDocument(Document, frozen=True, kw_only=True):
    """`plg server create-relay-token --json`. The token works once."""

    name: str
    token: str
    expires_at: str
    schema: str = "plg.relay_token/1"
