"""Fake time runs in order and only forwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.lab.simulation import event_heap
from plg.lab.simulation.event_heap import Alarm, EventHeap, TooManyEvents


@given(st.lists(st.floats(0, 100)))
def test_everything_happens_in_order_of_time_and_equal_moments_in_order_of_asking(moments: list[float]) -> None:
    heap = EventHeap()
    seen: list[tuple[float, int]] = []
    for number, moment in enumerate(moments):
        heap.at(moment, lambda number=number: seen.append((heap.now, number)))
    heap.run_until(100)
    assert seen == sorted((moment, number) for number, moment in enumerate(moments))
    assert (heap.now, len(heap)) == (100, 0)


def test_a_moment_that_has_passed_means_now() -> None:
    heap = EventHeap(5.0)
    seen: list[float] = []
    heap.at(1.0, lambda: seen.append(heap.now))
    assert heap.step()
    assert seen == [5.0]
    assert not heap.step()


def test_what_lies_beyond_the_end_waits_for_the_next_run() -> None:
    heap = EventHeap()
    seen: list[str] = []
    heap.at(2.0, seen.append, "late")
    heap.run_until(1.0)
    assert (seen, heap.now) == ([], 1.0)
    heap.run_until(2.0)
    assert seen == ["late"]


def test_an_alarm_rings_once_at_the_last_moment_asked_for() -> None:
    heap, rings = EventHeap(), []
    alarm = Alarm(heap, lambda: rings.append(heap.now))
    alarm.arm(5.0)
    alarm.arm(3.0)
    alarm.arm(3.0)
    heap.run_until(10)
    assert rings == [3.0]
    alarm.arm(12.0)
    alarm.arm(None)
    heap.run_until(20)
    assert rings == [3.0]


def test_an_alarm_that_is_put_off_again_and_again_leaves_one_event() -> None:
    heap, rings = EventHeap(), []
    alarm = Alarm(heap, lambda: rings.append(heap.now))
    for number in range(1000):
        alarm.arm(1.0 + number / 1000)
    assert len(heap) == 1
    heap.run_until(5)
    assert rings == [1.999]


def test_a_model_that_breeds_events_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_heap, "MAX_EVENTS", 10)
    heap = EventHeap()
    for _ in range(10):
        heap.at(1.0, lambda: None)
    with pytest.raises(TooManyEvents):
        heap.at(1.0, lambda: None)
