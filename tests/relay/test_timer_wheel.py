"""Expiry without work per packet."""

from plg_relay.timer_wheel import TimerWheel


class Thing:
    def __init__(self, due_at_s: float) -> None:
        self.due_at_s = due_at_s


def wheel(now_s: float = 0.0) -> TimerWheel[Thing]:
    return TimerWheel(lambda thing: thing.due_at_s, now_s)


def test_a_thing_expires_at_most_one_slot_late_and_once() -> None:
    one = wheel()
    thing = Thing(10.0)
    one.add(thing)
    assert one.expired(9.9) == []
    assert one.expired(11.0) == [thing]
    assert one.expired(100.0) == []


def test_a_thing_that_was_used_meanwhile_waits_again() -> None:
    one = wheel()
    thing = Thing(10.0)
    one.add(thing)
    thing.due_at_s = 30.0
    assert one.expired(20.0) == []
    assert one.expired(31.0) == [thing]


def test_a_long_pause_is_caught_up_at_once() -> None:
    one = wheel(1000.0)
    things = [Thing(1000.0 + number) for number in range(50)]
    for thing in things:
        one.add(thing)
    assert one.expired(5000.0) == things


def test_a_thing_already_due_goes_at_the_next_look() -> None:
    one = wheel(50.0)
    thing = Thing(0.0)
    one.add(thing)
    assert one.expired(51.0) == [thing]
