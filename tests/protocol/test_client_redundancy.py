from random import Random

from plg.protocol.client_paths import ClientPaths
from plg.protocol.client_redundancy import ClientRedundancy
from plg.protocol.direction_meter import STATS_SPACING_S
from plg.protocol.frames import PathChoice, Stats
from plg.protocol.path_watch import Health
from plg.protocol.reception import Reception
from plg.protocol.redundancy import Level, Redundancy, RedundancyMode
from plg.protocol.sequence_window import SequenceWindow
from support.protocol_pair import CID


def two_paths() -> ClientPaths:
    made = ClientPaths(CID, Random(1).randbytes, 0.0, 0.0)
    made.add(1, None, 0.0)
    for way in made:
        way.proved = True
    return made


def test_the_plan_marks_the_paths_that_carry() -> None:
    made = two_paths()
    for mode, carried in ((RedundancyMode.OFF, [True, False]), (RedundancyMode.REDUNDANT, [True, True])):
        ClientRedundancy(Redundancy(mode)).plan(made)
        assert [way.carries for way in made] == carried


def test_while_the_primary_is_in_doubt_every_path_carries_and_the_relay_is_told() -> None:
    made = two_paths()
    redundancy = ClientRedundancy(Redundancy(RedundancyMode.OFF, 3.0))
    made.first.watch.health = Health.SUSPECT
    redundancy.plan(made)
    assert [way.carries for way in made] == [True, True]
    assert redundancy.choice(made) == PathChoice(0, True, 0, 300)


def test_with_one_path_and_no_copies_the_relay_hears_nothing_of_choices_and_reports() -> None:
    made = ClientPaths(CID, Random(1).randbytes, 0.0, 0.0)
    redundancy = ClientRedundancy(Redundancy(RedundancyMode.OFF))
    made.first.pong_sent_count = 7
    assert redundancy.choice(made) is None
    assert redundancy.report(made.first, made, Reception(), 5.0) is None


def test_reports_go_once_a_second_and_path_and_only_about_what_was_answered() -> None:
    made = two_paths()
    redundancy = ClientRedundancy(Redundancy(RedundancyMode.ADAPTIVE))
    assert redundancy.report(made.first, made, Reception(), 5.0) is None
    made.first.pong_sent_count, made.first.pong_arrived = 70, 69
    report = redundancy.report(made.first, made, Reception(), 5.0)
    assert report is not None
    assert (report.path, report.sent_echo, report.arrived) == (0, 70, 69)
    assert redundancy.report(made.first, made, Reception(), 5.0 + STATS_SPACING_S / 2) is None
    assert redundancy.report(made.first, made, Reception(), 5.0 + STATS_SPACING_S) is not None


def test_a_report_that_was_overtaken_does_not_count_back() -> None:
    redundancy = ClientRedundancy(Redundancy(RedundancyMode.ADAPTIVE))
    redundancy.take_stats(Stats(0, 0, 0, 0, 0, 200, 3, 20), two_paths(), 2.0)
    redundancy.take_stats(Stats(0, 0, 0, 0, 0, 100, 1, 10), two_paths(), 2.1)
    figures = redundancy.figures(Reception(), two_paths())
    assert (figures.saved_up, figures.lost_up) == (20, 3)


def test_figures_go_on_over_a_new_hand_shake() -> None:
    redundancy = ClientRedundancy(Redundancy(RedundancyMode.REDUNDANT))
    reception = Reception()
    reception.repeats_used = 4
    for look in range(4):
        reception.judge(SequenceWindow(), float(look))
    redundancy.take_stats(Stats(0, 0, 0, 0, 0, 200, 3, 20), two_paths(), 2.0)
    redundancy.restart(reception, two_paths())
    redundancy.take_stats(Stats(0, 0, 0, 0, 0, 10, 1, 2), two_paths(), 3.0)
    figures = redundancy.figures(Reception(), two_paths())
    assert (figures.saved_up, figures.lost_up, figures.saved_down) == (22, 4, 4)


def test_another_mode_takes_effect_with_the_next_plan() -> None:
    made = two_paths()
    redundancy = ClientRedundancy(Redundancy(RedundancyMode.OFF))
    redundancy.replace(Redundancy(RedundancyMode.REDUNDANT, 1.5))
    redundancy.plan(made)
    assert redundancy.figures(Reception(), two_paths()).level_up is Level.DUAL
    assert redundancy.choice(made) == PathChoice(0, False, 1, 150)


def test_the_ratio_down_is_what_came_per_byte_of_one_copy() -> None:
    redundancy = ClientRedundancy(Redundancy(RedundancyMode.REDUNDANT))
    redundancy.received(100, is_first=True)
    redundancy.received(100, is_first=True)
    redundancy.received(100, is_first=False)
    assert redundancy.figures(Reception(), two_paths()).bytes_ratio_down == 1.5


def test_pings_that_nobody_answered_on_a_dead_path_are_no_lost_payloads() -> None:
    made = two_paths()
    dead = made.get(1)
    assert dead is not None
    redundancy = ClientRedundancy(Redundancy(RedundancyMode.REDUNDANT))
    dead.unanswered = 5
    redundancy.take_stats(Stats(0, 0, 0, 0, 0, 200, 6, 0), made, 2.0)
    assert redundancy.figures(Reception(), made).lost_up == 6
    dead.watch.health = Health.DEAD
    redundancy.take_stats(Stats(0, 0, 0, 0, 0, 300, 6, 0), made, 3.0)
    assert redundancy.figures(Reception(), made).lost_up == 1
    made.remove(1)
    assert made.pings_given_up == 5
