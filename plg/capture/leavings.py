"""What capture has put into the kernel that would outlive the process, and how to take it back out.

Standard library only, Linux only: the watchdog loads it. A journal file per running capture lets the next run clean up after
a crash that also took the watchdog (power cut aside: nothing here survives a restart of the machine).
"""

import contextlib
import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from plg.capture.linux_links import BpfFilter, delete_bpf_filter, delete_clsact_if_empty, list_bpf_filters
from plg.capture.netlink import Netlink
from plg.capture.policy_routing import Rule, delete_rule
from plg.machine.change_journal import ProcessIdentity, identify_process, read_own_file, this_boot

JOURNAL_PREFIX = "capture-"
MAX_JOURNAL_BYTES = 1 << 20
"""A journal of a thousand interfaces is about 200 KiB."""
MAX_JOURNALS = 1000
FILTER_NAME = "tc_divert_"
"""How the names of the capture library's programs begin."""
OUR_PRIORITIES = range(5100, 5200)
OUR_TABLES = range(0x504C4700, 0x504C4800)
"""Of `tun_routes`. A journal that names others was not written by us, whoever owns it: whoever can write to a user's directory must not be
able to have foreign rules and filters removed with rights that he lacks."""


@dataclass(frozen=True, slots=True)
class Leavings:
    """Filters that we attached, interfaces (by index) to which we gave a filter hook, rules that we added."""

    filters: tuple[BpfFilter, ...] = ()
    clsact: tuple[int, ...] = ()
    rules: tuple[Rule, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {"filters": self.filters, "clsact": self.clsact, "rules": self.rules}


def leavings_from_json(document: Any) -> Leavings:
    """Raises ValueError unless the document has exactly the shape that `to_json` writes."""
    try:
        filters = tuple(
            BpfFilter(int(index), int(parent), int(priority), int(handle), int(program), str(name))
            for index, parent, priority, handle, program, name in document["filters"]
        )
        rules = tuple(
            Rule(int(family), int(priority), int(table), None if ports is None else (int(ports[0]), int(ports[1])))
            for family, priority, table, ports in document["rules"]
        )
        return Leavings(filters, tuple(int(index) for index in document["clsact"]), rules)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f"not a list of leavings: {error}") from error


def undo(leavings: Leavings) -> None:
    """Take everything out again, filters first since they hold packets up. What is gone already is passed over; never raises
    for the state of the network. A filter goes only while it still runs the very program that we attached.
    """
    with Netlink() as netlink:
        ours = {(f.interface, f.program_id) for f in leavings.filters}
        for interface in sorted({f.interface for f in leavings.filters}):
            with contextlib.suppress(OSError):
                for found in list_bpf_filters(netlink, interface):
                    if (found.interface, found.program_id) in ours and found.name.startswith(FILTER_NAME):
                        with contextlib.suppress(OSError):
                            delete_bpf_filter(netlink, found)
        for rule in leavings.rules:
            with contextlib.suppress(OSError):
                delete_rule(netlink, rule)
        for interface in leavings.clsact:
            delete_clsact_if_empty(netlink, interface)


def network_namespace_id() -> int:
    """The inode of this process's network namespace."""
    return Path("/proc/self/ns/net").stat().st_ino


def write_journal(path: Path, owner: ProcessIdentity, leavings: Leavings) -> None:
    """Replace the journal file in one step. Raises OSError."""
    watchdog = identify_process(os.getpid())
    document = {
        "version": 1,
        "boot_id": this_boot(),
        "network_namespace": network_namespace_id(),
        "processes": [owner, watchdog],
        "leavings": leavings.to_json(),
    }
    draft = path.with_suffix(".new")
    # With sudo the folder may belong to the user: never write through what somebody else has put there.
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file)
    draft.replace(path)


class JournalState(StrEnum):
    """What is to be done about a journal that was found."""

    RUNNING = "running"
    ABANDONED = "abandoned"
    ELSEWHERE = "elsewhere"
    """Its processes are dead, and what they left is in another network namespace."""
    NOT_BELIEVED = "not_believed"


@dataclass(frozen=True, slots=True)
class FoundJournal:
    """A capture's journal. `why` says what is wrong with one that is not believed."""

    path: Path
    state: JournalState
    leavings: Leavings = Leavings()
    pids: tuple[int, ...] = ()
    why: str = ""


def find_journals(directory: Path, owner_uid: int | None = None) -> list[FoundJournal]:
    """The journals of captures in `directory`; those of an earlier run of the machine are removed, since all that they tell of is gone.

    With `owner_uid` those of that user are believed beside our own: `sudo plg restore` after a tunnel of the service.
    """
    try:
        paths = sorted(directory.glob(f"{JOURNAL_PREFIX}*.json"))[:MAX_JOURNALS]
    except OSError:
        return []
    return [found for path in paths if (found := _find(path, owner_uid)) is not None]


def _find(path: Path, owner_uid: int | None) -> FoundJournal | None:
    try:
        document = json.loads(read_own_file(path, MAX_JOURNAL_BYTES, owner_uid))
        if document["boot_id"] != this_boot():
            path.unlink(missing_ok=True)
            return None
        processes = [
            ProcessIdentity(int(entry[0]), int(entry[1])) for entry in document["processes"] if entry is not None
        ]
        pids = tuple(process.pid for process in processes)
        leavings = leavings_from_json(document["leavings"])
        _refuse_foreign(leavings)
        if any(identify_process(process.pid) == process for process in processes):
            return FoundJournal(path, JournalState.RUNNING, leavings, pids)
        is_here = int(document["network_namespace"]) == network_namespace_id()
        return FoundJournal(path, JournalState.ABANDONED if is_here else JournalState.ELSEWHERE, leavings, pids)
    except FileNotFoundError:
        return None
    except OSError as error:
        return FoundJournal(path, JournalState.NOT_BELIEVED, why=error.strerror or str(error))
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError) as error:
        return FoundJournal(path, JournalState.NOT_BELIEVED, why=f"makes no sense: {error}")


def _refuse_foreign(leavings: Leavings) -> None:
    """Raises ValueError for what we cannot have made."""
    if not all(found.name.startswith(FILTER_NAME) for found in leavings.filters):
        raise ValueError("a filter that is not ours")
    if not all(rule.priority in OUR_PRIORITIES and rule.table in OUR_TABLES for rule in leavings.rules):
        raise ValueError("a rule that is not ours")


def reap(found: FoundJournal) -> None:
    """Undo what an abandoned journal tells of, and remove it. Raises OSError without the right to it."""
    undo(found.leavings)
    with contextlib.suppress(OSError):
        found.path.unlink()


def reap_journals(directory: Path) -> int:
    """Undo what runs left whose process and watchdog are both dead. Returns how many there were.

    Only journals of this network namespace are acted on, only files that belong to us are believed, and a file that cannot
    be understood is left alone.
    """
    abandoned = [found for found in find_journals(directory) if found.state is JournalState.ABANDONED]
    for found in abandoned:
        reap(found)
    return len(abandoned)
