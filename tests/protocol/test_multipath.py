"""Several paths in one session, both ends: what a player gets when one of them loses packets, dies or comes back."""

from random import Random

import pytest

from plg.protocol.client_session import PathState
from plg.protocol.constants import TYPE_HELLO
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.events import PathDown, PathUp, PrimaryChanged, RelaySilent, TransitRefused
from plg.protocol.handshake import build_no_session
from plg.protocol.redundancy import Level, Redundancy, RedundancyMode
from support.protocol_pair import TRANSIT_SOURCE, Pair, make_ticket, transit_pass

OFF = Redundancy(RedundancyMode.OFF)
REDUNDANT = Redundancy(RedundancyMode.REDUNDANT)
ADAPTIVE = Redundancy(RedundancyMode.ADAPTIVE)
TICK_S = 1 / 64


def play(pair: Pair, seconds: float) -> tuple[list[bytes], list[bytes]]:
    """A 64 Hz game both ways; what was sent up and down."""
    sent_up, sent_down = [], []
    for _ in range(int(seconds / TICK_S)):
        payload = len(pair.sent_up).to_bytes(4, "big") + b"u"
        if pair.send(payload):
            sent_up.append(payload)
        if pair.up_payloads and pair.relay is not None and pair.relay.is_confirmed:
            answer = len(pair.sent_down).to_bytes(4, "big") + b"d"
            pair.reply(1, answer)
            sent_down.append(answer)
        pair.run(TICK_S)
    pair.run(0.5)
    return sent_up, sent_down


def level_up(pair: Pair) -> Level:
    return pair.client.redundancy_figures.level_up


def state_of(pair: Pair, path: int) -> PathState:
    return pair.client.paths[path]


def received_up(pair: Pair) -> list[bytes]:
    return [payload for _, payload in pair.up_payloads]


def test_a_path_through_a_transit_is_bound_proved_and_measured() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    assert pair.client.paths == {0: PathState.ACTIVE, 1: PathState.ACTIVE}
    assert PathUp(1) in pair.client_events
    assert pair.session.address_of(1) == TRANSIT_SOURCE
    pair.run(2)
    assert pair.client.numbers(pair.now, 1).rtt_ms == pytest.approx(20, abs=1)


def test_redundant_mode_loses_nothing_when_either_path_dies() -> None:
    for dying in (0, 1):
        pair = Pair.over_two_paths(REDUNDANT)
        play(pair, 1)
        pair.dead_paths.add(dying)
        sent_up, sent_down = play(pair, 3)
        assert set(sent_up) <= set(received_up(pair))
        assert set(sent_down) <= set(pair.down_payloads())
        assert PathDown(dying) in pair.client_events
        figures = pair.client.redundancy_figures
        assert (figures.lost_up, figures.lost_down) == (0, 0)
        assert pair.client.primary_path != dying


@pytest.mark.parametrize("mode", list(RedundancyMode))
def test_every_payload_comes_out_at_most_once(mode: RedundancyMode) -> None:
    pair = Pair.over_two_paths(Redundancy(mode))
    random = Random(5)
    pair.up_fate = lambda _d, _h: random.random() > 0.05
    pair.down_fate = lambda _d, _h: random.random() > 0.05
    play(pair, 10)
    assert len(received_up(pair)) == len(set(received_up(pair)))
    assert len(pair.down_payloads()) == len(set(pair.down_payloads()))


@pytest.mark.parametrize("mode", [RedundancyMode.OFF, RedundancyMode.ADAPTIVE])
def test_with_one_copy_a_dead_path_is_left_within_700_ms(mode: RedundancyMode) -> None:
    pair = Pair.over_two_paths(Redundancy(mode), delay_s=0.050)
    play(pair, 60)  # adaptive comes down to one copy on a clean link
    assert level_up(pair) is Level.SINGLE
    pair.dead_paths.add(0)
    before = len(received_up(pair))
    died_at = pair.now
    while len(received_up(pair)) == before:
        pair.send(b"x" + pair.now.hex().encode())
        pair.run(TICK_S)
        assert pair.now - died_at < 0.7
    pair.run(1)
    assert PrimaryChanged(1) in pair.client_events


def test_in_doubt_the_relay_too_sends_on_every_path() -> None:
    pair = Pair.over_two_paths(OFF)
    play(pair, 3)
    pair.dead_paths.add(0)
    _, sent_down = play(pair, 3)
    arrived = set(pair.down_payloads())
    lost = [payload for payload in sent_down if payload not in arrived]
    assert len(lost) * TICK_S < 0.7


def test_a_path_that_comes_back_is_used_again() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    play(pair, 1)
    pair.dead_paths.add(1)
    play(pair, 3)
    assert state_of(pair, 1) is PathState.DEAD
    pair.dead_paths.clear()
    play(pair, 3)
    assert state_of(pair, 1) is PathState.ACTIVE


def test_losses_of_one_path_are_mended_by_the_other_and_counted_as_saved() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    random = Random(7)
    lost = {True: 0, False: 0}

    def first_path_loses(datagram: bytes, is_up: bool) -> bool:
        arrives = datagram[9] >> 5 != 0 or len(datagram) != 36 or random.random() > 0.1
        lost[is_up] += not arrives
        return arrives

    pair.up_fate = lambda d, _h: first_path_loses(d, True)
    pair.down_fate = lambda d, _h: first_path_loses(d, False)
    sent_up, sent_down = play(pair, 9)  # after ten seconds the better path becomes the first one
    assert set(sent_up) <= set(received_up(pair))
    assert set(sent_down) <= set(pair.down_payloads())
    pair.run(6)  # long enough for the last report
    figures = pair.client.redundancy_figures
    assert (figures.saved_up, figures.saved_down) == (lost[True], lost[False])
    assert figures.bytes_ratio_up == pytest.approx(2.0, abs=0.05)


def test_a_byte_bound_of_one_and_a_half_is_kept() -> None:
    pair = Pair.over_two_paths(Redundancy(RedundancyMode.REDUNDANT, 1.5))
    play(pair, 10)
    assert pair.client.redundancy_figures.bytes_ratio_up == pytest.approx(1.5, abs=0.05)


def test_adaptive_comes_down_to_one_copy_on_a_clean_link_and_climbs_when_packets_are_lost() -> None:
    pair = Pair.over_two_paths(ADAPTIVE)
    play(pair, 2)
    assert level_up(pair) is Level.DUAL
    play(pair, 15)
    assert level_up(pair) is Level.SINGLE
    random = Random(3)
    pair.up_fate = lambda _d, h: h or random.random() > 0.03
    play(pair, 20)
    assert level_up(pair) >= Level.REPEAT
    assert not pair.session.is_redundant  # nothing is lost on the way down


def test_losses_that_paths_share_make_redundant_mode_stagger() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    random = Random(3)
    bad_until = [0.0]

    def shared(_datagram: bytes, _is_hello: bool) -> bool:
        if pair.now > bad_until[0] and random.random() < 0.01:
            bad_until[0] = pair.now + 0.010
        return pair.now > bad_until[0]

    pair.up_fate = shared
    play(pair, 20)
    assert level_up(pair) is Level.STAGGERED


def test_with_a_single_path_redundant_mode_repeats_the_payload_before() -> None:
    pair = Pair(redundancy=REDUNDANT).established()
    counter = iter(range(10**6))
    pair.send(b"open")
    pair.run(0.5)
    pair.up_fate = lambda _d, _h: next(counter) % 7 != 0
    sent_up, _ = play(pair, 10)
    assert set(sent_up[:-1]) <= set(received_up(pair))
    assert pair.client.redundancy_figures.bytes_ratio_up < 1.5


def test_a_transit_that_refuses_is_reported_and_forgotten() -> None:
    ticket = make_ticket(max_paths=2, transits=((1, TRANSIT_SOURCE[0]),))
    pair = Pair(ticket=ticket, other_sources={1: TRANSIT_SOURCE}, transit_status=WelcomeStatus.FULL).established()
    pair.client.add_path(1, transit_pass(), pair.now)
    pair.run(1)
    assert TransitRefused(1, WelcomeStatus.FULL) in pair.client_events
    assert pair.client.paths == {0: PathState.ACTIVE}


def test_a_path_counts_only_through_the_transit_that_the_ticket_names() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    pair.other_sources[1] = ("203.0.113.66", 443)
    play(pair, 1)
    assert DropReason.FOREIGN_PATH in pair.drops
    assert pair.session.address_of(1) == TRANSIT_SOURCE


def test_a_path_beyond_the_ticket_is_dropped() -> None:
    pair = Pair(redundancy=REDUNDANT).established()
    pair.client.add_path(1, None, pair.now)
    pair.run(1)
    assert DropReason.FOREIGN_PATH in pair.drops


def test_a_second_interface_is_a_path_of_its_own_and_proves_its_address_first() -> None:
    pair = Pair(ticket=make_ticket(max_paths=2), redundancy=REDUNDANT, other_sources={1: ("192.0.2.77", 5000)})
    pair.established()
    pair.client.add_path(1, None, pair.now)
    pair.run(0.5)
    assert pair.session.address_of(1) == ("192.0.2.77", 5000)
    sent_up, _ = play(pair, 1)
    assert set(sent_up) <= set(received_up(pair))


def test_when_the_exit_forgets_the_session_the_paths_are_proved_anew() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    play(pair, 1)
    pair.start_relay()
    play(pair, 3)
    assert pair.client.paths == {0: PathState.ACTIVE, 1: PathState.ACTIVE}
    assert pair.session.address_of(1) == TRANSIT_SOURCE


def test_with_the_straight_way_closed_the_exit_is_met_again_through_the_transit() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    play(pair, 1)
    pair.dead_paths.add(0)
    pair.start_relay()
    sent_up, _ = play(pair, 6)
    assert set(sent_up[-64:]) <= set(received_up(pair))
    assert pair.client.primary_path == 1


def test_all_paths_silent_means_one_report_and_hellos_ten_times_a_second() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    play(pair, 1)
    pair.dead_paths |= {0, 1}
    before = len(pair.sent_up)
    play(pair, 3)
    assert pair.client_events.count(RelaySilent()) == 1
    hellos = [d for d in pair.sent_up[before:] if d[0] >> 3 & 7 == TYPE_HELLO]
    assert 15 <= len(hellos) <= 60


def test_an_idle_session_pings_both_paths_slowly() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    pair.run(10)
    before = len(pair.sent_up)
    pair.run(10)
    assert 18 <= len(pair.sent_up) - before <= 24


def test_removing_the_last_living_path_is_noticed_as_silence() -> None:
    pair = Pair.over_two_paths(OFF)
    play(pair, 1)
    pair.dead_paths.add(0)
    play(pair, 2)
    pair.client.remove_path(1, pair.now)
    pair.run(2)
    assert RelaySilent() in pair.client_events
    pair.dead_paths.clear()
    sent_up, _ = play(pair, 3)
    assert set(sent_up[-64:]) <= set(received_up(pair))


def test_a_session_that_falls_back_to_one_path_takes_the_downlink_with_it() -> None:
    pair = Pair.over_two_paths(OFF)
    play(pair, 1)
    pair.dead_paths.add(0)
    play(pair, 2)
    pair.dead_paths.clear()
    play(pair, 2)
    pair.client.remove_path(1, pair.now)
    pair.dead_paths.add(1)
    play(pair, 1)
    _, sent_down = play(pair, 2)
    assert set(sent_down) <= set(pair.down_payloads())


def test_no_session_on_the_straight_path_is_answered_there_although_an_attempt_goes_another_way() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    play(pair, 1)
    pair.dead_paths |= {0, 1}
    play(pair, 2)
    pair.client.receive_datagram(build_no_session(pair.client.cid), 0, pair.now)
    before = len(pair.sent_up)
    pair.run(0.0)
    assert [datagram[10] for datagram in pair.sent_up[before:] if datagram[0] >> 3 & 7 == TYPE_HELLO] in ([0], [])
    assert pair.client._handshake.path == 0


def test_payloads_stay_in_order_when_staggering_ends() -> None:
    pair = Pair.over_two_paths(REDUNDANT)
    play(pair, 1)
    pair.client._redundancy._ladder.level = Level.STAGGERED
    pair.client._replan()
    play(pair, 2)
    pair.up_payloads.clear()
    pair.dead_paths.add(0)  # the first copies are lost: what arrives are the later ones
    sent_up, _ = play(pair, 3)
    assert received_up(pair) == [payload for payload in sent_up if payload in received_up(pair)]
    assert set(sent_up) == set(received_up(pair))
