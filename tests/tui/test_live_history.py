"""The samples behind the graph."""

from datetime import UTC, datetime

import msgspec
import pytest

from plg.tunnel.states import off_document
from plg_tui.live_history import KEPT_S, MAX_SAMPLES, LiveHistory, boosted_ms, is_whole_way
from support.talking_tunnel import MULTIPATH, STATUS


def test_the_boosted_line_is_the_whole_way_where_it_is_known() -> None:
    assert boosted_ms(MULTIPATH) == 41.2
    assert boosted_ms(STATUS) == pytest.approx(20.04)
    assert is_whole_way(MULTIPATH)
    assert is_whole_way(STATUS)


def test_without_the_relay_s_leg_it_is_the_way_to_the_relay_and_says_so() -> None:
    assert STATUS.relay is not None
    relay = msgspec.structs.replace(STATUS.relay, game_leg_ms=None)
    status = msgspec.structs.replace(STATUS, relay=relay)
    assert boosted_ms(status) == 12.04
    assert not is_whole_way(status)
    assert boosted_ms(off_document(datetime.now(UTC))) is None


def test_a_point_is_the_worst_of_its_slice_so_that_no_peak_is_hidden() -> None:
    history = LiveHistory()
    assert MULTIPATH.comparison is not None
    for number, now_ms in enumerate((40.0, 90.0, 41.0, 42.0)):
        comparison = msgspec.structs.replace(MULTIPATH.comparison, now_ms=now_ms)
        history.take(msgspec.structs.replace(MULTIPATH, comparison=comparison), 100.0 + number * 0.4)
    boosted, direct = history.points(4.0, 4, 101.3)
    assert boosted == [None, None, 90.0, 42.0]
    assert direct == [None, None, 57.8, 57.8]


def test_figures_are_those_of_the_window() -> None:
    history = LiveHistory()
    for number in range(10):
        history.take(MULTIPATH, float(number))
    boosted, direct = history.figures(5.0, 9.0)
    assert boosted.mean_ms is not None
    assert (boosted.now_ms, round(boosted.mean_ms, 6), boosted.p95_ms) == (41.2, 41.2, 41.2)
    assert direct.now_ms == 57.8
    assert history.figures(5.0, 100.0)[0].mean_ms is None


def test_another_tunnel_begins_anew_and_old_samples_go() -> None:
    history = LiveHistory()
    history.take(STATUS, 0.0)
    history.take(STATUS, KEPT_S + 1)
    assert len(history) == 1
    history.take(msgspec.structs.replace(STATUS, pid=8), KEPT_S + 2)
    assert len(history) == 1
    for _ in range(MAX_SAMPLES + 10):
        history.take(STATUS, KEPT_S + 3)
    assert len(history) == MAX_SAMPLES
    history.clear()
    assert len(history) == 0


def test_each_way_has_a_strip_of_its_own_and_one_that_opens_loses_nothing() -> None:
    history = LiveHistory()
    history.take(MULTIPATH, 1.0)
    first = msgspec.structs.replace(MULTIPATH.paths[0], rtt_ms=None, state="dead")
    history.take(msgspec.structs.replace(MULTIPATH, paths=[first, *MULTIPATH.paths[1:]]), 2.0)
    assert history.lane(0) == [33.0, None]
    assert history.lane(1) == [36.0, 36.0]
    assert history.lane(2) == []
    history.take(msgspec.structs.replace(STATUS, pid=8), 3.0)  # another tunnel
    assert history.lane(1) == []
