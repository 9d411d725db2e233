from plg.protocol.header import path_byte
from plg.protocol.reception import JUDGE_AFTER_S, GapCounter, Reception
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


def judged(reception: Reception, looks: int = 6) -> Reception:
    window = SequenceWindow()
    for look in range(looks):
        reception.judge(window, float(look))
    return reception


def test_saved_is_what_only_a_further_copy_brought() -> None:
    reception = Reception()
    reception.new[lane(0)] = 90  # brought by the first copy
    reception.new[lane(1, 1)] = 10  # brought by a further one ...
    reception.duplicates[lane(0)] = 6  # ... of which the first came later six times
    reception.duplicates[lane(1, 1)] = 90
    reception.repeats_used = 2
    assert judged(reception).saved == 6


def test_whichever_path_the_first_copy_takes_it_saves_nothing() -> None:
    reception = Reception()
    reception.new[lane(0)] = 50
    reception.new[lane(2)] = 50
    assert judged(reception).saved == 0


def test_a_copy_that_is_only_a_moment_faster_saves_nothing() -> None:
    reception = Reception()
    window = SequenceWindow()
    for look in range(12):
        reception.new[lane(1, 1)] += 1
        if look % 3:  # two of three looks fall between the copy and the first one
            reception.judge(window, float(look))
        reception.duplicates[lane(0)] += 1
        if not look % 3:
            reception.judge(window, float(look))
    assert reception.saved == 0


def test_gaps_in_numbers_that_rise_by_one_are_counted_and_filled_by_late_ones() -> None:
    gaps = GapCounter()
    for number in (65533, 65534, 1, 3, 2, 65535):
        gaps.take(number)
    assert gaps.lost == 1  # 0 never came


def test_a_lost_ping_is_no_lost_payload() -> None:
    reception = Reception()
    window = window_with({0, 2, 3})
    for number in (5, 7):
        reception.single[0].take(number)
    reception.judge(window, 0.0)
    reception.judge(window, 1.0)
    assert reception.lost == 0


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
    assert reception.stats(0, 0, 0, 0, 0).highest == 4
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
    stats = reception.stats(2, 8, 7, 1500, 0)
    assert (stats.path, stats.sent_echo, stats.arrived, stats.duplicates, stats.jitter_us) == (2, 8, 7, 2, 1500)
    assert (stats.highest, stats.lost, stats.saved) == (0, 0, 0)
