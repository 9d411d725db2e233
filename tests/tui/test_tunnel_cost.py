"""What a process costs."""

import os
import time

from plg_tui.session_words import Overhead
from plg_tui.tunnel_cost import TunnelCost


def test_it_counts_the_time_since_the_question_before() -> None:
    cost = TunnelCost()
    first = cost.ask(os.getpid())
    assert first.cpu_percent is None
    assert first.memory_mb is not None
    assert first.memory_mb > 5
    end = time.thread_time() + 0.05
    while time.thread_time() < end:
        pass
    second = cost.ask(os.getpid())
    assert second.cpu_percent is not None
    assert second.cpu_percent > 0


def test_a_process_that_is_not_there_costs_nothing_known() -> None:
    cost = TunnelCost()
    assert cost.ask(None) == Overhead(None, None)
    assert cost.ask(2**22 + 1) == Overhead(None, None)
