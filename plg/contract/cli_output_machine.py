"""JSON documents of the commands about games on this machine: `plg watch`, `plg profile`, `plg hooks`, launching.

What a hook gets, on standard input or as the body of a POST, is `plg.event/1` (`plg.contract.cli_output.EventDocument`): `event` is a
happening of the tunnel ("connected", "relay_lost", "exit_switched", "disconnected"), `detail` holds `hook` (which one it is), `game` and
what belongs to the happening; `plg hooks test` adds `test`.
"""

from plg.contract.cli_output import Document
from plg.contract.schema import Answer


class HookRow(Answer, frozen=True, kw_only=True):
    """A hook; `target` is its program, or scheme and host of its address; null when none is set."""

    hook: str
    target: str | None


class HooksDocument(Document, frozen=True, kw_only=True):
    """`plg hooks list --json`."""

    hooks: list[HookRow]
    schema: str = "plg.hooks/1"


class HookTestDocument(Document, frozen=True, kw_only=True):
    """`plg hooks test --json`. `why` it failed: exit_code, time_over, cannot_start, unreachable, status or redirected."""

    hook: str
    target: str
    ok: bool
    why: str | None
    took_s: float
    output: str
    schema: str = "plg.hook_test/1"


class LaunchDocument(Document, frozen=True, kw_only=True):
    """`plg launch --json`: what was started, and its process (of Steam's command, where Steam starts the game)."""

    game: str
    argv: list[str]
    pid: int
    schema: str = "plg.launch/1"
