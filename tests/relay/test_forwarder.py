"""The relay's decisions in fake time: carrying, limits, replay, roaming, tickets. One test for each promise."""

import random

import msgspec
import pytest

from plg.contract.relay_control import RevokeRequest
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import ClientSession, SessionState
from plg.protocol.constants import DATA_OVERHEAD, MAX_PAYLOAD
from plg.protocol.errors import CloseReason, DropReason, WelcomeStatus
from plg.protocol.events import (
    Established,
    FlowRefused,
    HandshakeRefused,
    RelayDraining,
    RelaySilent,
    SessionClosed,
    TicketRenewed,
)
from plg.protocol.fragments import split_payload
from plg.protocol.frames import FlowClose, Ping, encode_frame
from plg.protocol.ticket import TicketCaps
from plg_relay.policy import with_revocation
from support.relay_bench import GAME, HOME, UNIX_S, Player, RelayBench, a_grant, a_policy, a_profile


def test_a_payload_goes_out_once_and_its_answer_comes_back() -> None:
    bench = RelayBench()
    player = bench.player()
    assert bench.say(player, b"first")
    assert bench.say(player, b"second")
    assert [(sent.destination, sent.payload) for sent in bench.game_side.sent] == [(GAME, b"first"), (GAME, b"second")]
    assert len({sent.egress_port for sent in bench.game_side.sent}) == 1
    bench.game_says(b"answer")
    assert player.payloads == [b"answer"]
    assert bench.drops == {}


def test_payloads_of_two_local_ports_leave_from_two_ports() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"a", local_port=1000)
    bench.say(player, b"b", local_port=2000)
    bench.say(player, b"c", to=("93.184.216.35", 27016), local_port=1000)
    ports = {sent.payload: sent.egress_port for sent in bench.game_side.sent}
    assert ports[b"a"] == ports[b"c"] != ports[b"b"]


@pytest.mark.parametrize("length", [1, 1341, 1342, 2000, MAX_PAYLOAD])
def test_payloads_of_any_length_arrive_whole_both_ways(length: int) -> None:
    bench = RelayBench()
    player = bench.player()
    payload = random.Random(length).randbytes(length)
    bench.say(player, b"open")
    bench.say(player, payload)
    assert bench.game_side.sent[-1].payload == payload
    bench.game_says(payload)
    assert player.payloads == [payload]


def test_a_reply_longer_than_we_carry_is_dropped_and_counted() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.game_says(b"x" * (MAX_PAYLOAD + 1))
    assert player.payloads == []
    assert bench.drops == {DropReason.OVERSIZED: 1}


# --- replay, mutation, direction --------------------------------------------------------------------------------------


def test_a_replayed_datagram_leaves_once() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    (datagram,) = bench.datagrams_of(player, b"once")
    for source in (HOME, HOME, ("203.0.114.9", 1)):
        bench.receive(datagram, source)
    assert [sent.payload for sent in bench.game_side.sent].count(b"once") == 1
    assert bench.drops == {DropReason.DUPLICATE: 2}


def test_the_replay_of_a_whole_capture_changes_nothing() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    captured = [datagram for number in range(300) for datagram in bench.datagrams_of(player, b"%d" % number)]
    shuffled = list(captured)
    random.Random(1).shuffle(shuffled)
    for datagram in captured + captured + shuffled:
        bench.receive(datagram)
    assert [sent.payload for sent in bench.game_side.sent[1:]] == [b"%d" % number for number in range(300)]


def test_a_mutation_of_any_byte_is_not_accepted() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    (datagram,) = bench.datagrams_of(player, b"payload")
    for at in range(len(datagram)):
        for bit in (0x01, 0x80):
            mutated = datagram[:at] + bytes([datagram[at] ^ bit]) + datagram[at + 1 :]
            answers = bench.receive(mutated)
            assert sum(len(answer) for answer, _ in answers) <= len(mutated)
    assert [sent.payload for sent in bench.game_side.sent] == [b"open"]
    bench.receive(datagram)
    assert bench.game_side.sent[-1].payload == b"payload"


def test_our_own_datagrams_sent_back_to_us_are_dropped() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.players.clear()
    session = bench.forwarder.table.by_cid[player.session.cid]
    down = session.protocol.seal_payload(1, b"down" * 30)
    assert bench.receive(down) == []
    assert bench.drops == {DropReason.MALFORMED: 1}


# --- caps -------------------------------------------------------------------------------------------------------------


def test_the_packet_cap_holds_within_five_percent() -> None:
    caps = TicketCaps(packets_per_second=100, kbit_per_second_up=60_000, kbit_per_second_down=60_000)
    bench = RelayBench()
    player = bench.player(a_grant(caps=caps))
    bench.say(player, b"open")
    bench.pass_time(2.0)
    before = len(bench.game_side.sent)
    for _ in range(1000):
        for datagram in bench.datagrams_of(player, b"x"):
            bench.receive(datagram)
        bench.now_s += 0.01 / 3  # 300 packets/s
    passed = len(bench.game_side.sent) - before
    allowed = 100 * (1000 * 0.01 / 3) + 100  # the rate, and one second's burst
    assert 0.95 * allowed <= passed <= 1.05 * allowed
    assert bench.drops == {DropReason.RATE_PACKETS: 1000 - passed}


@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_bit_cap_of_each_direction_holds_within_five_percent(direction: str) -> None:
    caps = TicketCaps(packets_per_second=60_000, kbit_per_second_up=800, kbit_per_second_down=800)
    bench = RelayBench()
    player = bench.player(a_grant(caps=caps))
    bench.say(player, b"open")
    bench.pass_time(2.0)
    payload = b"x" * (1000 - DATA_OVERHEAD)
    passed_before = len(bench.game_side.sent)
    for _ in range(1000):  # 300 datagrams of 1000 bytes a second = 2400 kbit/s
        if direction == "up":
            for datagram in bench.datagrams_of(player, payload):
                bench.receive(datagram)
        else:
            bench.game_says(payload)
        bench.now_s += 0.01 / 3
    passed = len(bench.game_side.sent) - passed_before if direction == "up" else len(player.payloads)
    allowed = 100 * (1000 * 0.01 / 3) + 100
    assert 0.95 * allowed <= passed <= 1.05 * allowed


def test_payloads_inside_flow_open_count_against_the_cap() -> None:
    caps = TicketCaps(packets_per_second=10, kbit_per_second_up=60_000, kbit_per_second_down=60_000)
    bench = RelayBench()
    player = bench.player(a_grant(caps=caps))
    for number in range(500):  # FLOW_OK never reaches the client, so each payload travels inside FLOW_OPEN
        for datagram in bench.datagrams_of(player, b"%d" % number):
            bench.receive(datagram)
    assert len(bench.game_side.sent) <= 10


def test_all_sessions_together_keep_to_the_limit_of_one_destination() -> None:
    bench = RelayBench(destination_packets_per_second=50)
    players = [bench.player(a_grant(cid=number), ("84.17.10.3", number)) for number in range(1, 6)]
    for player in players:
        bench.say(player, b"open")
    for _ in range(100):
        for player in players:
            for datagram in bench.datagrams_of(player, b"x"):
                bench.receive(datagram, player.source)
        bench.now_s += 0.02
    passed = len(bench.game_side.sent)
    assert 0.95 * (50 * 2 + 50) <= passed <= 1.05 * (50 * 2 + 50)
    assert bench.drops[DropReason.RATE_DESTINATION] == 505 - passed


def test_closing_and_opening_again_does_not_fill_up_the_caps() -> None:
    caps = TicketCaps(packets_per_second=20, kbit_per_second_up=60_000, kbit_per_second_down=60_000)
    bench = RelayBench()
    for attempt in range(5):
        bench.players.clear()
        player = bench.player(a_grant(caps=caps), skew_s=attempt)
        for _ in range(40):
            bench.say(player, b"x")
        player.session.close(bench.now_s)
        bench.carry()
    assert len(bench.game_side.sent) <= 21


def test_caps_of_the_operator_replace_those_of_the_ticket() -> None:
    bench = RelayBench()
    bench.forwarder.override_caps(a_grant().cid, 5, None, None)
    player = bench.player()
    for _ in range(50):
        bench.say(player, b"x")
    assert len(bench.game_side.sent) <= 5


# --- foreign replies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stranger", [("93.184.216.34", 27016), ("93.184.216.35", 27015), ("8.8.8.8", 53)])
def test_only_the_address_that_a_flow_opened_may_answer(stranger: tuple[str, int]) -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.game_says(b"from elsewhere", stranger)
    assert player.payloads == []
    assert bench.drops == {DropReason.FOREIGN_REPLY: 1}


# --- time: idle, expiry, renewal, clock -------------------------------------------------------------------------------


def test_a_silent_session_ends_after_a_minute_and_frees_everything() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.pass_time(58, clients=False)
    assert len(bench.forwarder.table) == 1
    bench.pass_time(5, clients=False)
    assert len(bench.forwarder.table) == 0
    assert bench.game_side.in_use == set()
    assert bench.forwarder.desk.flow_count == 0


def test_a_session_that_never_used_its_keys_goes_after_ten_seconds() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.players.clear()
    other = RelayBench(seed=7)
    hello = _first_datagram(other, a_grant(cid=77))
    bench.receive(hello)
    assert len(bench.forwarder.table) == 2
    bench.pass_time(13, clients=False)
    assert list(bench.forwarder.table.by_cid) == [player.session.cid]


def test_a_ticket_that_has_run_out_ends_its_session_with_the_reason() -> None:
    bench = RelayBench()
    player = bench.player(a_grant(life_s=120))
    bench.say(player, b"open")
    bench.pass_time(175)
    assert not player.saw(SessionClosed)
    bench.pass_time(10)
    assert [event.reason for event in player.events if isinstance(event, SessionClosed)] == [CloseReason.EXPIRED]


def test_a_renewed_ticket_keeps_the_session_and_may_bring_other_caps() -> None:
    bench = RelayBench()
    player = bench.player(a_grant(life_s=120))
    bench.say(player, b"open")
    narrower = TicketCaps(2, 60_000, 60_000, 64, 16)
    player.session.renew_ticket(a_grant(life_s=4 * 3600, caps=narrower).ticket, bench.now_s)
    bench.carry()
    assert player.saw(TicketRenewed)
    bench.pass_time(300)
    assert not player.saw(SessionClosed)
    before = len(bench.game_side.sent)
    for _ in range(50):
        bench.say(player, b"x")
    assert len(bench.game_side.sent) - before <= 2


def test_a_ticket_of_another_session_does_not_renew_this_one() -> None:
    bench = RelayBench()
    player = bench.player(a_grant(life_s=120))
    player.session.renew_ticket(a_grant(cid=99, life_s=9999).ticket, bench.now_s)
    bench.carry()
    assert bench.drops == {DropReason.TICKET_MALFORMED: 1}
    assert not player.saw(TicketRenewed)


@pytest.mark.parametrize("skew_s", [-59.0, 59.0])
def test_clocks_a_minute_apart_still_shake_hands(skew_s: float) -> None:
    bench = RelayBench()
    player = bench.player(skew_s=skew_s)
    assert player.session.state is SessionState.ESTABLISHED


@pytest.mark.parametrize("skew_s", [-90.0, 90.0])
def test_clocks_further_apart_do_not_unless_the_server_has_told_the_difference(skew_s: float) -> None:
    bench = RelayBench()
    assert bench.player(skew_s=skew_s).session.state is SessionState.CONNECTING
    assert DropReason.HELLO_SKEW in bench.drops
    told = msgspec.structs.replace(a_policy(), clock_offset_ms=int(skew_s * 1000))
    late = RelayBench(told)
    grant = a_grant(unix_s=UNIX_S + skew_s)
    assert late.player(grant, skew_s=skew_s).session.state is SessionState.ESTABLISHED


# --- revocation, drain ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "revocation",
    [
        RevokeRequest(cid=f"{a_grant().cid:016x}", expires_at_s=2**32),
        RevokeRequest(user_ref=f"{5:016x}", expires_at_s=2**32),
    ],
)
def test_a_revoked_session_ends_at_once_and_its_ticket_is_refused(revocation: RevokeRequest) -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.apply(with_revocation(bench.policy, revocation, 0))
    assert [event.reason for event in player.events if isinstance(event, SessionClosed)] == [CloseReason.REVOKED]
    assert bench.game_side.in_use == set()
    again = bench.player(skew_s=1.0)
    assert [event.status for event in again.events if isinstance(event, HandshakeRefused)] == [WelcomeStatus.REVOKED]


def test_a_draining_relay_refuses_new_sessions_and_carries_the_old_ones() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.forwarder.start_drain(30)
    bench.carry()
    assert [event.seconds for event in player.events if isinstance(event, RelayDraining)] == [30]
    newcomer = bench.player(a_grant(cid=2))
    assert [event.status for event in newcomer.events if isinstance(event, HandshakeRefused)] == [
        WelcomeStatus.DRAINING
    ]
    assert bench.say(player, b"still")
    assert bench.game_side.sent[-1].payload == b"still"


# --- admission to sessions --------------------------------------------------------------------------------------------


def test_the_number_of_sessions_is_bounded_in_all_and_for_each_source() -> None:
    bench = RelayBench(max_sessions=6, sessions_per_address=4)
    statuses: list[WelcomeStatus | None] = []
    for number in range(8):
        source = ("84.17.10.9", number) if number < 5 else (f"84.17.11.{number}", 1)
        player = bench.player(a_grant(cid=number + 1), source)
        refusals = [event.status for event in player.events if isinstance(event, HandshakeRefused)]
        statuses.append(refusals[0] if refusals else None)
        bench.pass_time(0.2)
    assert statuses == [None] * 4 + [WelcomeStatus.TOO_MANY_SESSIONS] + [None] * 2 + [WelcomeStatus.FULL]


def test_a_session_whose_profile_we_lack_is_refused_and_the_profile_asked_for() -> None:
    bench = RelayBench(a_policy(a_profile(revision=1)))
    player = bench.player(a_grant(revision=2))
    refusals = [event.status for event in player.events if isinstance(event, HandshakeRefused)]
    assert refusals == [WelcomeStatus.UNKNOWN_PROFILE]
    assert bench.unknown_profiles == 1


def test_the_same_ticket_twice_is_one_session() -> None:
    bench = RelayBench()
    bench.player()
    bench.player(source=("84.17.10.77", 3), skew_s=1.0)
    assert len(bench.forwarder.table) == 1


# --- roaming and restart ----------------------------------------------------------------------------------------------


def test_a_player_whose_address_changes_goes_on_at_once() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    player.source = ("84.17.99.1", 6)
    bench.say(player, b"from the new address")
    assert bench.game_side.sent[-1].payload == b"from the new address"
    bench.game_says(b"hello there")
    assert player.payloads == [b"hello there"]
    assert bench.forwarder.table.by_cid[player.session.cid].protocol.address == player.source


def test_an_address_that_does_not_answer_gets_at_most_three_bytes_for_each_it_sent() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    (datagram,) = bench.datagrams_of(player, b"x")
    victim = ("198.41.0.4", 53)
    bench.receive(datagram, victim)
    for _ in range(200):
        bench.game_says(b"y" * 500)
    bench.pass_time(3.0)
    to_victim = sum(len(sent) for sent, source in bench.all_sent if source == victim)
    assert 0 < to_victim <= 3 * len(datagram)
    assert len(player.payloads) == 200, "the real player lost nothing"
    assert bench.forwarder.table.by_cid[player.session.cid].protocol.address == HOME


def test_after_a_restart_the_player_comes_back_to_the_same_port() -> None:
    before = RelayBench()
    player = before.player()
    before.say(player, b"open")
    port = before.game_side.sent[-1].egress_port
    after = RelayBench(boot=1, now_s=before.now_s)
    after.game_side.next_port = 50_000
    after.players.append(player)
    after.say(player, b"lost in the restart")
    after.pass_time(5.0)
    assert [event.resumed for event in player.events if isinstance(event, Established)] == [False, False]
    after.say(player, b"back")
    assert {sent.egress_port for sent in after.game_side.sent} == {port}
    after.game_says(b"welcome back")
    assert player.payloads == [b"welcome back"]


def test_an_old_hello_replayed_into_a_relay_that_has_restarted_does_not_cost_the_player_his_port() -> None:
    before = RelayBench()
    session = ClientSession(a_grant(), entropy=random.Random(4).randbytes, unix_ms_offset=(UNIX_S - 1000.0) * 1000)
    session.connect(before.now_s)
    ((_, first_hello),) = session.datagrams_to_send()
    player = Player(session)
    before.players.append(player)
    before.receive(first_hello)
    before.carry()
    before.say(player, b"open")
    port = before.game_side.sent[-1].egress_port
    after = RelayBench(boot=1, now_s=before.now_s)
    after.game_side.next_port = 50_000
    assert len(after.receive(first_hello, ("90.1.2.3", 4))) == 1
    after.players.append(player)
    after.say(player, b"lost in the restart")
    after.pass_time(5.0)
    after.say(player, b"back")
    assert {sent.egress_port for sent in after.game_side.sent} == {port}


def test_a_relay_that_dies_is_noticed_and_no_state_is_left_behind_by_the_clients_tries() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.forwarder.end_all(CloseReason.DRAINED, bench.now_s)
    assert len(bench.forwarder.table) == 0
    bench.carry()
    assert player.saw(SessionClosed)
    assert not player.saw(RelaySilent)


def test_a_flow_that_the_relay_forgot_is_opened_again_by_the_client() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    session = bench.forwarder.table.by_cid[player.session.cid]
    bench.forwarder.desk.close_flow(session, session.flows[1])
    bench.say(player, b"lost")
    bench.say(player, b"opens again")
    assert bench.game_side.sent[-1].payload == b"opens again"
    assert bench.drops == {DropReason.UNKNOWN_FLOW: 1}
    assert not player.saw(FlowRefused)


def _first_datagram(bench: RelayBench, grant: ClientGrant) -> bytes:
    """A HELLO that another machine made."""
    session = ClientSession(grant, entropy=bench.random.randbytes, unix_ms_offset=(UNIX_S - 1000.0) * 1000)
    session.connect(bench.now_s)
    return session.datagrams_to_send()[0][1]


# --- clients that went mad --------------------------------------------------------------------------------------------


def test_answers_to_control_frames_count_against_the_cap_of_the_downlink() -> None:
    bench = RelayBench()
    player = bench.player(a_grant(caps=TicketCaps(600, 1500, 100, 64, 16)))
    bench.players.clear()
    sealer = player.session._channel.sealer  # type: ignore[union-attr]  # established
    sent = 0
    for _ in range(5000):
        sent += sum(len(answer) for answer, _ in bench.receive(sealer.seal(b"\0" + encode_frame(Ping(1, 2, 3)) * 16)))
        bench.now_s += 0.001
    assert sent <= 1.05 * 100 * 125 * (5.0 + 1.0)
    assert bench.drops[DropReason.RATE_CONTROL] > 0


def test_frames_beside_a_fragment_or_before_junk_are_acted_on_at_once_and_do_not_pile_up() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    protocol = bench.forwarder.table.by_cid[player.session.cid].protocol
    sealer = player.session._channel.sealer  # type: ignore[union-attr]  # established
    beside = b"".join(encode_frame(half) for half in split_payload(1, 1, b"two halves")) + encode_frame(FlowClose(9))
    for body in (beside, encode_frame(FlowClose(9)) + b"\x0f", b"\x0f"):
        for source in (HOME, ("203.0.113.9", 4)):
            bench.receive(sealer.seal(b"\0" + body), source)
            assert not protocol.events
            assert protocol.datagrams_to_send() == []
    assert bench.game_side.sent[-1].payload == b"two halves"
