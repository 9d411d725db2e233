"""The values that cross the seam."""

from plg.capture.packet_source import CaptureSpec, CaptureStats, CaptureUnavailable, FlowKey


def test_an_unavailable_capture_carries_its_next_step() -> None:
    error = CaptureUnavailable("divert lacks CAP_BPF", "use sudo")
    assert (str(error), error.next_step) == ("divert lacks CAP_BPF", "use sudo")


def test_stats_do_not_share_their_errors() -> None:
    first, second = CaptureStats(), CaptureStats()
    first.errors["x"] = 1
    assert second.errors == {}


def test_flows_are_keys() -> None:
    assert {FlowKey(1, "10.0.0.1", 2)} == {FlowKey(1, "10.0.0.1", 2)}
    assert CaptureSpec(()).executables == ()
