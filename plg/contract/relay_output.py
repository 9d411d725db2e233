"""JSON that `plg relay ... --json` prints for operators; the rules are those of `plg.contract.cli_output`."""

from plg.contract.cli_output import Document
from plg.contract.operator_output import CheckView


class RelayEnrolledDocument(Document, frozen=True, kw_only=True):
    """`plg relay enrol --json`: who the relay is now, and where its identity is kept."""

    node_id: str
    relay_id: int
    server: str
    identity_file: str
    schema: str = "plg.relay_enrolled/1"


class RelayListeningDocument(Document, frozen=True, kw_only=True):
    """`plg relay run --json`, once players are served. `web_ping_port` is null where browsers' pings are not answered here."""

    host: str
    port: int
    control_port: int
    metrics_port: int
    workers: int
    web_ping_port: int | None = None
    schema: str = "plg.relay_listening/1"


class RelayCheckDocument(Document, frozen=True, kw_only=True):
    """`plg relay check --json`."""

    ok: bool
    checks: list[CheckView]
    schema: str = "plg.relay_check/1"
