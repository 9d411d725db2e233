"""Counters start at nothing and know every reason."""

from plg.protocol.errors import DropReason, FlowDenial
from plg_relay.counters import Counters


def test_every_reason_has_its_counter_from_the_start() -> None:
    counters = Counters()
    assert set(counters.drops) == set(DropReason)
    assert set(counters.denials) == set(FlowDenial)
    assert sum(counters.drops.values()) + counters.packets_up == 0
