"""The metrics that a session hands in."""

from plg.protocol.path_meter import PathNumbers
from plg.tunnel.engine import EngineCounters
from plg.tunnel.session_figures import MAX_WINDOWS, SessionEvidence, SessionFigures


def window(rtt_ms: float, loss_percent: float = 0.0) -> PathNumbers:
    return PathNumbers(rtt_ms, rtt_ms * 2, 1.0, 3.0, loss_percent, loss_percent / 2, samples=40)


def test_a_session_counts_only_its_own_share() -> None:
    counters = EngineCounters(packets_up=100, packets_down=90, bytes_up=1000, bytes_down=900)
    figures = SessionFigures(counters, leaked=5, now=10.0)
    counters.packets_up, counters.packets_down, counters.bytes_up, counters.bytes_down = 150, 130, 1700, 1500
    told = figures.summary("user", leaked=7, now=70.0)
    assert (told.seconds, told.reason, told.leaked) == (60.0, "user", 2)
    assert (told.packets_up, told.packets_down, told.bytes_up, told.bytes_down) == (50, 40, 700, 600)
    assert told.paths == []


def test_medians_and_means_over_the_windows() -> None:
    figures = SessionFigures(EngineCounters(), 0, 0.0)
    for rtt_ms, loss in ((10, 0.0), (20, 4.0), (90, 2.0)):
        figures.add(0, window(rtt_ms, loss))
    figures.add(0, PathNumbers())
    (path,) = figures.summary("user", 0, 1.0).paths
    assert (path.rtt_ms_p50, path.rtt_ms_p95, path.jitter_ms) == (20, 40, 3.0)
    assert (path.loss_up_percent, path.loss_down_percent) == (2.0, 1.0)


def test_a_window_without_jitter_or_loss_says_nothing_about_them() -> None:
    figures = SessionFigures(EngineCounters(), 0, 0.0)
    figures.add(0, PathNumbers(rtt_ms=5.0, rtt_ms_p95=6.0, samples=1))
    (path,) = figures.summary("user", 0, 1.0).paths
    assert (path.jitter_ms, path.loss_up_percent) == (None, None)


def test_a_very_long_session_stays_small() -> None:
    figures = SessionFigures(EngineCounters(), 0, 0.0)
    for number in range(3 * MAX_WINDOWS):
        figures.add(0, window(float(number)))
    (path,) = figures.summary("user", 0, 1.0).paths
    assert path.rtt_ms_p50 is not None
    assert len(figures._windows[0]) <= MAX_WINDOWS


def test_every_path_has_its_own_metrics_and_the_evidence_goes_along() -> None:
    figures = SessionFigures(EngineCounters(), 0, 0.0)
    figures.add(2, window(30.0))
    figures.add(0, window(20.0))
    figures.evidence = SessionEvidence(41.0, "198.20.0.7:27015", 58.0, 300, 12, 1, "redundant")
    told = figures.summary("user", 0, 1.0)
    assert [(path.path, path.rtt_ms_p50) for path in told.paths] == [(0, 20.0), (2, 30.0)]
    assert (told.measured_total_ms, told.measured_target, told.direct_ms) == (41.0, "198.20.0.7:27015", 58.0)
    assert (told.saved_up, told.saved_down, told.exit_switches, told.mode) == (300, 12, 1, "redundant")
