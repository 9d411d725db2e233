from plg.protocol.header import path_byte
from plg.protocol.reception import JUDGE_AFTER_S, Reception
from plg.protocol.sequence_window import SequenceWindow


def lane(path: int, copy: int = 0) -> int:
    return path_byte(path, copy) >> 3


def window_with(numbers: set[int]) -> SequenceWindow:
    window = SequenceWindow()
    for number in sorted(numbers):
        assert window.accept(number)
    return window


def test_arrivals_of_a_path_count_every_copy_on_it() -> None:
    reception = Reception()
    reception.new[lane(1)] = 3
    reception.new[lane(1, 1)] = 1
    reception.duplicates[lane(1)] = 5
    reception.new[lane(0)] = 100
    assert reception.arrivals(1) == 9
    assert reception.path_duplicates(1) == 5


def test_saved_is_what_only_a_copy_brought() -> None:
    reception = Reception()
    reception.new[lane(0)] = 90  # brought by the primary, first
    reception.new[lane(1)] = 10  # brought first by the other path ...
    reception.duplicates[lane(0)] = 6  # ... of which the primary brought six later
    reception.duplicates[lane(1)] = 90
    assert reception.saved == 4


def test_control_on_the_other_path_is_no_saved_payload() -> None:
    reception = Reception()
    reception.new[lane(1)] = 7
    reception.control[lane(1)] = 7
    assert reception.saved == 0


def test_a_later_copy_on_the_same_path_saves_too() -> None:
    reception = Reception()
    reception.new[lane(0, 1)] = 2
    assert reception.saved == 2


def test_what_was_saved_stays_saved_when_another_path_becomes_the_primary() -> None:
    reception = Reception()
    reception.new[lane(1)] = 10
    reception.repeats_used = 1
    reception.set_primary(1)
    assert reception.saved == 11
    reception.new[lane(0)] = 3
    assert reception.saved == 14
    reception.set_primary(1)
    assert reception.saved == 14


def test_a_number_is_lost_only_when_it_has_had_its_time() -> None:
    reception = Reception()
    window = window_with({0, 1, 3})
    reception.judge(window, 0.0)
    assert reception.lost == 0
    reception.judge(window, JUDGE_AFTER_S / 2)
    assert reception.lost == 0
    window.accept(4)
    reception.judge(window, JUDGE_AFTER_S)
    assert reception.lost == 1
    assert reception.stats(0, 0, 0, 0).highest == 4
    reception.judge(window, 2 * JUDGE_AFTER_S)
    assert reception.lost == 1


def test_a_number_that_comes_in_time_is_not_lost() -> None:
    reception = Reception()
    window = window_with({0, 2})
    reception.judge(window, 0.0)
    window.accept(1)
    reception.judge(window, 1.0)
    assert reception.lost == 0


def test_the_report_says_it_all() -> None:
    reception = Reception()
    reception.new[lane(2)] = 5
    reception.duplicates[lane(2)] = 2
    stats = reception.stats(2, 8, 7, 1500)
    assert (stats.path, stats.sent_echo, stats.arrived, stats.duplicates, stats.jitter_us) == (2, 8, 7, 2, 1500)
    assert (stats.highest, stats.lost, stats.saved) == (0, 0, 5)
