"""`plg boost on --hold`: the changes last as long as this command, which waits for the game's end."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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


@contextmanager
def held(run: Invocation, journal: ChangeJournal, machine: Machine) -> Iterator[None]:
    """What this process changes inside is put back at the end, however that comes: the game's end, Ctrl-C, or the signal to end (from a
    service, or the machine's shutdown), which is taken as Ctrl-C. After a kill the journal does it at the next start.
    """
    before = signal.signal(signal.SIGTERM, _end)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not stop the putting back
        me = identify_process(os.getpid())
        for one in put_back(journal, machine, lambda change: change.holder == me):
            view = put_back_view(one)
            run.talk.say(f"{view.tweak}: {view.target}: {_(STATES[view.state])}")
        signal.signal(signal.SIGTERM, before)


def wait_for_the_end(run: Invocation, machine: Machine, processes: Sequence[ProcessIdentity]) -> None:
    """Returns when every process has ended; without any, never. Timers are fine meanwhile, on Windows."""
    from plg.machine.boost.windows_timer import fine_timers

    run.talk.say(_("The changes last until the game ends; Ctrl-C puts them back now."))
    with fine_timers(machine.system):
        while not processes or any(identify_process(process.pid) == process for process in processes):
            time.sleep(LOOK_EVERY_S)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
