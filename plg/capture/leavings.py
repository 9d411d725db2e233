"""What capture has put into the kernel that would outlive the process, and how to take it back out.

Standard library only, Linux only: the watchdog loads it. A journal file per running capture lets the next run clean up after
a crash that also took the watchdog (power cut aside: nothing here survives a restart of the machine).
"""

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from plg.capture.linux_links import BpfFilter, delete_bpf_filter, delete_clsact_if_empty, list_bpf_filters
from plg.capture.netlink import Netlink
from plg.capture.policy_routing import Rule, delete_rule

JOURNAL_PREFIX = "capture-"
MAX_JOURNAL_BYTES = 1 << 20
"""A journal of a thousand interfaces is about 200 KiB."""


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
                    if (found.interface, found.program_id) in ours:
                        with contextlib.suppress(OSError):
                            delete_bpf_filter(netlink, found)
        for rule in leavings.rules:
            with contextlib.suppress(OSError):
                delete_rule(netlink, rule)
        for interface in leavings.clsact:
            delete_clsact_if_empty(netlink, interface)


class ProcessIdentity(NamedTuple):
    """A process that is not mistaken for a later one with the same number."""

    pid: int
    started_ticks: int


def identify_process(pid: int) -> ProcessIdentity | None:
    """None when there is no such process (a zombie counts as gone)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text[text.rindex(")") + 2 :].split()
        return None if fields[0] in "ZX" else ProcessIdentity(pid, int(fields[19]))
    except (OSError, ValueError, IndexError):
        return None


def network_namespace_id() -> int:
    """The inode of this process's network namespace."""
    return Path("/proc/self/ns/net").stat().st_ino


def boot_id() -> str:
    """Changes whenever the machine restarts; everything we leave in a kernel goes with it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def write_journal(path: Path, owner: ProcessIdentity, leavings: Leavings) -> None:
    """Replace the journal file in one step. Raises OSError."""
    watchdog = identify_process(os.getpid())
    document = {
        "version": 1,
        "boot_id": boot_id(),
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


def reap_journals(directory: Path) -> int:
    """Undo what runs left whose process and watchdog are both dead. Returns how many there were.

    Only journals of this network namespace are acted on, only files that belong to us are believed, and a file that cannot
    be understood is left alone.
    """
    reaped = 0
    try:
        journals = sorted(directory.glob(f"{JOURNAL_PREFIX}*.json"))
    except OSError:
        return 0
    for path in journals:
        try:
            status = path.lstat()
            if status.st_uid != os.geteuid() or status.st_size > MAX_JOURNAL_BYTES or path.is_symlink():
                continue
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["boot_id"] != boot_id():
                path.unlink()
                continue
            alive = any(
                entry is not None and identify_process(int(entry[0])) == ProcessIdentity(int(entry[0]), int(entry[1]))
                for entry in document["processes"]
            )
            if alive or int(document["network_namespace"]) != network_namespace_id():
                continue
            leavings = leavings_from_json(document["leavings"])
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue
        undo(leavings)
        with contextlib.suppress(OSError):
            path.unlink()
        reaped += 1
    return reaped
