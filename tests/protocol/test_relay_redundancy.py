from random import Random

from plg.protocol.direction_meter import STATS_SPACING_S
from plg.protocol.frames import PathChoice, Stats
from plg.protocol.payload_sender import PayloadSender
from plg.protocol.redundancy import MAX_OVERHEAD
from plg.protocol.relay_paths import RelayPaths
from plg.protocol.relay_redundancy import RelayRedundancy
from support.protocol_pair import TRANSIT_SOURCE, make_ticket

REDUNDANT, ADAPTIVE = 1, 2


def two_paths() -> RelayPaths:
    made = RelayPaths(make_ticket(max_paths=2, transits=((1, TRANSIT_SOURCE[0]),)), Random(1).randbytes)
    made.restart(0, ("192.0.2.9", 40000), 0.0)
    made.by_id[1].address, made.by_id[1].heard_at_s = TRANSIT_SOURCE, 0.0
    return made


def carried_by(redundancy: RelayRedundancy, sender: PayloadSender, now: float = 0.0) -> list[int]:
    redundancy.plan(two_paths(), now)
    return [sender.plan.primary, *(copy.path for copy in sender.plan.copies)]


def test_without_a_wish_of_the_client_one_copy_goes_down() -> None:
    sender = PayloadSender(1.0)
    redundancy = RelayRedundancy(sender)
    assert carried_by(redundancy, sender) == [0]
    assert not redundancy.is_redundant
    assert not redundancy.report_is_due(0, 10.0)


def test_the_client_asks_for_copies_and_bounds_them() -> None:
    sender = PayloadSender(1.0)
    redundancy = RelayRedundancy(sender)
    redundancy.wish(PathChoice(0, False, REDUNDANT, 220))
    assert carried_by(redundancy, sender) == [0, 1]
    assert redundancy.is_redundant
    assert sender.budget.max_overhead == 2.2
    redundancy.wish(PathChoice(0, False, REDUNDANT, 65535))
    assert sender.budget.max_overhead == MAX_OVERHEAD


def test_while_the_client_is_in_doubt_every_path_carries() -> None:
    sender = PayloadSender(1.0)
    redundancy = RelayRedundancy(sender)
    redundancy.wish(PathChoice(0, True, 0, 250))
    assert carried_by(redundancy, sender) == [0, 1]
    redundancy.wish(PathChoice(0, False, 0, 250))
    assert carried_by(redundancy, sender) == [0]


def test_what_the_client_reports_lost_makes_the_relay_send_more() -> None:
    sender = PayloadSender(1.0)
    redundancy = RelayRedundancy(sender)
    redundancy.wish(PathChoice(0, False, ADAPTIVE, 250))
    for second in range(8):
        redundancy.take_stats(Stats(0, 64 * second, 60 * second, 0, 0, 64 * second, 4 * second, 0), 0, float(second))
    assert carried_by(redundancy, sender) == [0, 1]


def test_a_report_on_a_path_that_cannot_exist_is_nothing() -> None:
    sender = PayloadSender(1.0)
    redundancy = RelayRedundancy(sender)
    redundancy.take_stats(Stats(200, 64, 0, 0, 0, 64, 64, 0), 0, 1.0)
    assert carried_by(redundancy, sender) == [0]


def test_reports_on_the_way_up_go_once_a_second_and_path() -> None:
    redundancy = RelayRedundancy(PayloadSender(1.0))
    redundancy.wish(PathChoice(0, False, REDUNDANT, 250))
    assert redundancy.report_is_due(0, 5.0)
    assert not redundancy.report_is_due(0, 5.0 + STATS_SPACING_S / 2)
    assert redundancy.report_is_due(1, 5.0)
    assert redundancy.report_is_due(0, 5.0 + STATS_SPACING_S)
