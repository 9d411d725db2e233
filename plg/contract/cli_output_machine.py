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


class ProfileDraftDocument(Document, frozen=True, kw_only=True):
    """`plg profile learn --json`. `counted`: packets were counted, not only sockets looked at. `doubts` are stable names: no_flows,
    no_match, no_destinations, short, one_server, private_only, many_prefixes. `toml` is the file.
    """

    id: str
    programs: list[str]
    ports: list[str]
    prefixes: list[str]
    packets_per_s: float | None
    confidence: str
    doubts: list[str]
    counted: bool
    seconds: float
    toml: str
    file: str | None
    schema: str = "plg.profile_draft/1"


class ProfileFault(Answer, frozen=True, kw_only=True):
    """A fault; `line` is null when it is of the whole file."""

    line: int | None
    problem: str


class ProfileLintDocument(Document, frozen=True, kw_only=True):
    """`plg profile lint --json`."""

    file: str
    ok: bool
    faults: list[ProfileFault]
    schema: str = "plg.profile_lint/1"


class TestedFlow(Answer, frozen=True, kw_only=True):
    """Where a process sent, and whether the profile names that; `packets` is null where they could not be counted."""

    destination: str
    matched: bool
    packets: int | None


class ProfileTestDocument(Document, frozen=True, kw_only=True):
    """`plg profile test --json`."""

    id: str
    pids: list[int]
    flows: list[TestedFlow]
    counted: bool
    schema: str = "plg.profile_test/1"


class ProfileRow(Answer, frozen=True, kw_only=True):
    """A profile of the person's own. `plays_as` is the server's game under which it is carried, null for its own identifier."""

    id: str
    name: str
    programs: list[str]
    prefixes: list[str]
    ports: list[str]
    plays_as: str | None


class ProfilesDocument(Document, frozen=True, kw_only=True):
    """`plg profile list --json`."""

    profiles: list[ProfileRow]
    schema: str = "plg.profiles/1"


class ProfileChangeDocument(Document, frozen=True, kw_only=True):
    """`plg profile add --json` and `remove`; `kept` is whether it is there now."""

    id: str
    file: str
    kept: bool
    schema: str = "plg.profile_change/1"
