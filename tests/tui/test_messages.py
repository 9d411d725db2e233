"""What the feed's thread sends."""

from plg_tui.messages import TunnelGone, TunnelSeen
from support.talking_tunnel import MULTIPATH, STATUS


def test_a_newer_status_replaces_one_that_waits_and_nothing_else() -> None:
    assert TunnelSeen(STATUS).can_replace(TunnelSeen(MULTIPATH))
    assert not TunnelSeen(STATUS).can_replace(TunnelGone())
    assert not TunnelGone().can_replace(TunnelSeen(STATUS))
