"""Making the changes of a plan and putting them back: written down, made, looked at, and undone if they do not hold.

While a plan is being carried out its changes belong to this process, so that a crash in the middle undoes them at the next start; when all
are made they go over to the game's process, whose end makes them leftovers.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from plg.machine.boost import windows_system as windows
from plg.machine.boost.linux_system import GAMEMODE, GOVERNOR, GameModeSetting, GovernorSetting
from plg.machine.boost.linux_threads import IONICE, NICE, ionice_setting, nice_setting, process_of
from plg.machine.boost.plan import Machine, Step
from plg.machine.boost.setting import Outcome, Setting, SettingGone, SettingRefused, Value
from plg.machine.change_journal import (
    Change,
    ChangeJournal,
    ProcessIdentity,
    Undoer,
    identify_process,
    this_boot,
)

KIND_PREFIX: Final = "boost."
OUTLIVES_A_RESTART: Final = frozenset({windows.REGISTRY, windows.POWER_SCHEME})
KINDS: Final = (
    NICE, IONICE, GOVERNOR, GAMEMODE, windows.REGISTRY, windows.POWER_SCHEME, windows.PRIORITY, windows.AFFINITY,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one step: `state` is changed, unchanged (it was so already) or refused (then `why`)."""

    step: Step
    state: str
    why: str = ""
    needs_rights: bool = False


@dataclass(frozen=True, slots=True)
class PutBack:
    """What became of one change; `trouble` (then `outcome` is None) keeps it in the journal."""

    change: Change
    outcome: Outcome | None
    trouble: str = ""
    now: str = ""


class ChangedByOthers(Exception):
    """The value is neither the one before nor ours; it was left."""

    def __init__(self, now: str) -> None:
        super().__init__(f"changed by somebody else meanwhile (now {now}): left; `plg boost off` forgets it")


def carry_out(steps: Sequence[Step], journal: ChangeJournal, holder: ProcessIdentity | None) -> list[Made]:
    """Makes the changes. `holder` is the process whose end ends their use; None: they stay until somebody undoes them.

    Raises JournalUnusable: then what was made before is in the journal as this process's own, and is undone at the next start.
    """
    me = identify_process(os.getpid())
    results, written = [], []
    for step in steps:
        if step.changes_nothing:
            results.append(Made(step, "unchanged"))
            continue
        change_id = journal.record(_change(step, me))
        try:
            _make(step)
        except SettingGone:
            journal.done(change_id)
            results.append(Made(step, "refused", "it has ended meanwhile"))
        except SettingRefused as refusal:
            _take_back(step, journal, change_id)
            results.append(Made(step, "refused", refusal.why, refusal.needs_rights))
        else:
            written.append((step, change_id))
            results.append(Made(step, "changed"))
    for step, _ in written:
        journal.record(_change(step, holder))
    for (
        _,
        change_id,
    ) in written:  # only then: a crash between the two undoes everything, and the newer entries find nothing to do
        journal.done(change_id)
    return results


def _make(step: Step) -> None:
    """Writes the value and looks whether it is there. Raises SettingGone, SettingRefused."""
    step.setting.write(step.after)
    if not step.setting.holds(step.after):
        raise SettingRefused("the value did not hold")


def _take_back(step: Step, journal: ChangeJournal, change_id: str) -> None:
    """Half of the threads may have it already."""
    try:
        step.setting.restore(step.before, step.after)
    except SettingRefused:
        return  # stays written down, as ours: the next start tries again
    journal.done(change_id)


def _change(step: Step, holder: ProcessIdentity | None) -> Change:
    undo = {
        "tweak": step.tweak.id,
        "where": dict(step.setting.where),
        "before": dict(step.before) if isinstance(step.before, Mapping) else step.before,
        "after": step.after,
    }
    kind = step.setting.kind
    return Change(kind, undo, None if kind in OUTLIVES_A_RESTART else this_boot(), holder)


def pending_changes(journal: ChangeJournal) -> list[Change]:
    """Those that a boost has made and nobody has undone, oldest first. Raises JournalUnusable."""
    return [change for change in journal.pending() if change.kind.startswith(KIND_PREFIX)]


def put_back(
    journal: ChangeJournal, machine: Machine, which: Callable[[Change], bool] = lambda _change: True
) -> list[PutBack]:
    """Newest first. What somebody else has changed since is left, said and forgotten. Raises JournalUnusable."""
    results = []
    for change in reversed([change for change in pending_changes(journal) if which(change)]):
        try:
            setting, before, after = read_undo(change.kind, change.undo, machine)
            outcome = setting.restore(before, after)
        except SettingGone:
            outcome = Outcome.GONE
        except (SettingRefused, ValueError, ImportError) as error:
            results.append(PutBack(change, None, str(error)))
            continue
        now = _now(read_undo(change.kind, change.undo, machine)[0]) if outcome is Outcome.LEFT else ""
        journal.done(change.change_id)
        results.append(PutBack(change, outcome, now=now))
    return results


def boost_undoers(machine: Machine | None = None) -> dict[str, Undoer]:
    """For `plg restore` and whatever else rolls a journal back. An undoer raises ChangedByOthers for a value that is not ours any more,
    so that it is said; `plg boost off` then forgets the change.
    """
    used = machine or Machine()

    def undoer(kind: str) -> Undoer:
        def undo(entry: Mapping[str, Any]) -> Outcome:
            try:
                setting, before, after = read_undo(kind, entry, used)
                outcome = setting.restore(before, after)
            except SettingGone:
                return Outcome.GONE
            if outcome is Outcome.LEFT:
                raise ChangedByOthers(_now(setting))
            return outcome

        return undo

    return {kind: undoer(kind) for kind in KINDS}


def _now(setting: Setting) -> str:
    try:
        now = setting.read()
    except (SettingGone, SettingRefused):
        return "?"
    return show_value(now)


def show_value(value: Value) -> str:
    """For people: one value, or the values of threads with how many have each."""
    if value is None:
        return "-"
    if not isinstance(value, Mapping):
        return str(value)
    counts: dict[str, int] = {}
    for one in value.values():
        counts[one] = counts.get(one, 0) + 1
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{one} (x{count})" for one, count in sorted(counts.items())) or "-"


def read_undo(kind: str, undo: Mapping[str, Any], machine: Machine) -> tuple[Setting, Value, Value]:
    """The setting that an entry speaks of, its value before and the one that we gave it. Raises ValueError, SettingGone."""
    where, before, after = undo.get("where"), undo.get("before"), undo.get("after")
    if not isinstance(where, dict) or not _is_value(before) or not _is_value(after):
        raise ValueError("not a change of the boost")
    return _setting(kind, where, machine), before, after


def _is_value(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and isinstance(one, str) for key, one in value.items())
    return value is None or (isinstance(value, str | int) and not isinstance(value, bool))


def _setting(kind: str, where: Mapping[str, Any], machine: Machine) -> Setting:
    texts = {name: value for name, value in where.items() if isinstance(value, str)}
    match kind:
        case "boost.nice":
            return nice_setting(process_of(where))
        case "boost.ionice":
            return ionice_setting(process_of(where))
        case "boost.gamemode":
            return GameModeSetting(process_of(where), machine.run)
        case "boost.governor":
            return GovernorSetting(texts.get("policy", ""), machine.root)
        case "boost.power_scheme":
            return windows.PowerSchemeSetting(machine.run)
        case "boost.priority":
            process = process_of(where)
            return windows.PrioritySetting(process, machine.the_values_of(process.pid))
        case "boost.affinity":
            process = process_of(where)
            return windows.AffinitySetting(process, machine.the_values_of(process.pid))
        case "boost.registry":
            hive, path, name = texts.get("hive", ""), texts.get("path", ""), texts.get("name", "")
            return windows.RegistrySetting(hive, path, name, machine.the_registry())
    raise ValueError(f"not a change of the boost: {kind}")
