"""Nice values and I/O priorities of a process on Linux: both belong to threads (setpriority(2), ioprio_set(2)), so each is changed
for every thread there is. Threads that begin later inherit from the one that made them.
"""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from plg.machine.boost.setting import Outcome, SettingGone, SettingRefused, Value
from plg.machine.change_journal import ProcessIdentity, identify_process

if TYPE_CHECKING:
    import psutil

NICE: Final = "boost.nice"
IONICE: Final = "boost.ionice"

GAME_NICE: Final = "-5"
"""Implementation. Before ordinary programs, behind what the system itself needs; games do not become real-time programs."""
GAME_IONICE: Final = "best-effort 0"
"""Implementation. The first of the ordinary class, for which no rights are needed; the real-time class could starve the system."""
_IO_CLASSES: Final = {"none": 0, "real-time": 1, "best-effort": 2, "idle": 3}
MAX_THREADS: Final = 2000
"""Implementation. The journal holds 64 KiB for each change."""


class ThreadsSetting:
    """One kind of value over all threads of one process. Read, it is a mapping from thread to value; written, either that or one value
    for all."""

    def __init__(
        self,
        kind: str,
        process: ProcessIdentity,
        get: Callable[[int], str],
        put: Callable[[int, str], None],
    ) -> None:
        self.kind = kind
        self._process = process
        self._get = get
        self._put = put

    @property
    def where(self) -> Mapping[str, str | int]:
        return {"pid": self._process.pid, "started_ticks": self._process.started_ticks}

    def read(self) -> Value:
        values: dict[str, str] = {}
        for thread in self._threads():
            with _of_a_thread():
                values[str(thread)] = self._get(thread)
        return values

    def write(self, value: Value) -> None:
        for thread in self._threads():
            wanted = value.get(str(thread)) if isinstance(value, Mapping) else str(value)
            if wanted is not None:
                with _of_a_thread():
                    self._put(thread, wanted)

    def holds(self, wanted: Value) -> bool:
        now = self.read()
        values = now.values() if isinstance(now, Mapping) else ()
        return all(value == wanted for value in values) if isinstance(wanted, str) else now == wanted

    def restore(self, before: Value, after: Value) -> Outcome:
        """Thread by thread: a thread that is younger than the change gets what the first thread had."""
        try:
            now = self.read()
        except SettingGone:
            return Outcome.GONE
        if not isinstance(now, Mapping) or not isinstance(before, Mapping):
            raise SettingRefused("not the values of threads")
        first = before.get(str(self._process.pid))
        outcomes = set()
        for thread, value in now.items():
            old = before.get(thread, first)
            if value == old:
                outcomes.add(Outcome.AS_BEFORE)
            elif value != after or old is None:
                outcomes.add(Outcome.LEFT)
            else:
                try:
                    with _of_a_thread():
                        self._put(int(thread), old)
                except SettingGone:
                    return Outcome.GONE
                outcomes.add(Outcome.RESTORED)
        for outcome in (Outcome.LEFT, Outcome.RESTORED):
            if outcome in outcomes:
                return outcome
        return Outcome.AS_BEFORE

    def _threads(self) -> list[int]:
        """Raises SettingGone when the process has ended, also when another one has its number now."""
        if identify_process(self._process.pid) != self._process:
            raise SettingGone
        try:
            names = os.listdir(f"/proc/{self._process.pid}/task")  # noqa: PTH208 - names of threads, not paths
        except OSError:
            raise SettingGone from None
        return sorted(int(name) for name in names)[:MAX_THREADS]


@contextmanager
def _of_a_thread() -> Iterator[None]:
    """A thread that ended meanwhile is passed over. Raises SettingRefused."""
    import psutil

    try:
        yield
    except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
        return
    except (psutil.AccessDenied, PermissionError):
        raise SettingRefused("no right to raise the priority", needs_rights=True) from None
    except OSError as error:
        if error.errno != errno.ESRCH:
            raise SettingRefused(error.strerror or str(error)) from error


def nice_setting(process: ProcessIdentity) -> ThreadsSetting:
    """Scheduling: -20 is the first, 19 the last."""
    return ThreadsSetting(NICE, process, _nice, _set_nice)


def ionice_setting(process: ProcessIdentity) -> ThreadsSetting:
    """Access to disks, as "CLASS LEVEL"."""
    return ThreadsSetting(IONICE, process, _ionice, _set_ionice)


def _nice(thread: int) -> str:
    return str(os.getpriority(os.PRIO_PROCESS, thread))


def _set_nice(thread: int, value: str) -> None:
    os.setpriority(os.PRIO_PROCESS, thread, int(value))


def _ionice(thread: int) -> str:
    ioclass, level = _process(thread).ionice()
    name = next(name for name, number in _IO_CLASSES.items() if number == int(ioclass))
    return f"{name} {int(level)}"


def _set_ionice(thread: int, value: str) -> None:
    name, _, level = value.partition(" ")
    if name in {"none", "idle"}:
        _process(thread).ionice(_IO_CLASSES[name])
    else:
        _process(thread).ionice(_IO_CLASSES[name], int(level))


def _process(thread: int) -> "psutil.Process":
    """The kernel takes a thread's number wherever it takes a process's."""
    import psutil

    return psutil.Process(thread)


def process_of(where: Mapping[str, object]) -> ProcessIdentity:
    """The process that a journal's entry names. Raises ValueError."""
    pid, ticks = where.get("pid"), where.get("started_ticks")
    if not isinstance(pid, int) or not isinstance(ticks, int) or not 0 < pid < 1 << 31:
        raise ValueError("no process")
    return ProcessIdentity(pid, ticks)
