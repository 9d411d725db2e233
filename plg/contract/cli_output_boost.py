"""What `plg boost` prints with --json; the rules are those of `plg.contract.cli_output`."""

from plg.contract.cli_output import Document
from plg.contract.schema import Answer


class TweakView(Answer, frozen=True, kw_only=True):
    """One change on offer. `evidence` is strong, some or none; without evidence it is made only when it is named with --only."""

    id: str
    evidence: str
    what: str
    why: str
    source: str
    by_default: bool
    per_process: bool
    needs_restart: bool


class BoostListDocument(Document, frozen=True, kw_only=True):
    """`plg boost list --json`: the changes on offer on this system."""

    system: str
    tweaks: list[TweakView]
    schema: str = "plg.boost_list/1"


class BoostChangeView(Answer, frozen=True, kw_only=True):
    """One value of the system. `target` names it. `state` is planned, unchanged (it is so already), changed, refused, restored, as_before,
    gone, left (somebody else changed it since) or active; `why` says more.
    """

    tweak: str
    target: str
    before: str
    after: str
    state: str
    why: str | None = None


class TweakLeftOut(Answer, frozen=True, kw_only=True):
    """A change that cannot be made here: `reason` is no_process, not_installed, not_offered, gone or refused."""

    tweak: str
    reason: str
    why: str | None = None


class BoostDocument(Document, frozen=True, kw_only=True):
    """`plg boost on`, `off` and `status`. `dry_run`: nothing was changed."""

    action: str
    dry_run: bool
    game: str | None
    processes: list[int]
    changes: list[BoostChangeView]
    left_out: list[TweakLeftOut] = []
    schema: str = "plg.boost/1"
