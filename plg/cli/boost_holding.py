"""`plg boost on --hold`: the changes last as long as this command, which waits for the game's end."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from plg.cli.boost_view import STATES, put_back_view
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.machine.boost.changes import put_back
from plg.machine.boost.plan import Machine
from plg.machine.change_journal import ChangeJournal, ProcessIdentity, identify_process

LOOK_EVERY_S: Final = 1.0
"""Implementation. A game's end is noticed soon enough; one look costs microseconds."""


def hold_until_the_end(
    run: Invocation, journal: ChangeJournal, machine: Machine, processes: Sequence[ProcessIdentity]
) -> None:
    """Waits until every process has ended, or for Ctrl-C or the signal to end, then puts back what this process changed."""
    from plg.machine.boost.windows_timer import fine_timers

    run.talk.say(_("The changes last until the game ends; Ctrl-C puts them back now."))
    me = identify_process(_own_pid())
    try:
        with _ends_politely(), fine_timers(machine.system):
            while not processes or any(identify_process(process.pid) == process for process in processes):
                time.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        pass
    done = put_back(journal, machine, lambda change: change.holder == me)
    for one in done:
        view = put_back_view(one)
        run.talk.say(f"{view.tweak}: {view.target}: {_(STATES[view.state])}")


@contextmanager
def _ends_politely() -> Iterator[None]:
    """The signal to end (from a service, or the machine's shutdown) is taken as Ctrl-C, so that everything is put back."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _own_pid() -> int:
    import os

    return os.getpid()
