"""The packet path, joined with the real protocol cores over a scripted link in fake time."""

from ipaddress import ip_network

import pytest

from plg.capture.packet_source import FlowKey, Verdict
from plg.protocol.client_session import ClientSession
from plg.protocol.constants import LOST_AFTER_S, MAX_PAYLOAD, TYPE_SHIFT
from plg.protocol.destination import AccessList, AccessRule
from plg.protocol.errors import CloseReason, DropReason
from plg.protocol.events import (
    ClientEvent,
    Established,
    HandshakeTimedOut,
    RelayLost,
    RelaySilent,
    SessionClosed,
    TicketRenewed,
)
from plg.tunnel.engine import HOLD_PACKETS, HOLD_S, SCAN_WINDOW_S, TunnelEngine
from plg.tunnel.flow_routes import QUIET_S, Approvals, FlowRoutes, Why
from plg.tunnel.relay_link import RelayLink
from support.fake_time import FakeClock
from support.loopback_relay import UNIX_S, RelayBrain, ScriptedPath, grant_for, make_ticket, seal, seeded_entropy
from support.scripted_source import ScriptedSource

GAME = FlowKey(50000, "198.20.0.7", 27015)
OTHER_PORT = FlowKey(50001, "198.20.0.7", 27015)
UNKNOWN = FlowKey(50000, "198.20.9.9", 27015)
ALLOWED = AccessList([AccessRule((ip_network("198.20.0.0/24"),), ((27000, 27100),))])


class World:
    """A game, an engine, a link and a relay; `events` is what the link's owner hears."""

    def __init__(
        self, *, delay_s: float = 0.010, client_clock_ahead_s: float = 0.0, expires_in_s: float = 3600
    ) -> None:
        self.clock = FakeClock()
        self.source = ScriptedSource()
        self.brain = RelayBrain(seeded_entropy())
        self.path = ScriptedPath(self.brain, self.clock, delay_s=delay_s)
        self.routes = FlowRoutes(ALLOWED, Approvals(anywhere=True))
        self.asked: list[FlowKey] = []
        self.engine = TunnelEngine(self.source, self.routes, self.clock, self.asked.append)
        now_unix_s = UNIX_S + self.clock.time()
        self.ticket = make_ticket(
            0x1122334455667788, bytes(range(32)), now_unix_s=now_unix_s, expires_in_s=expires_in_s
        )
        session = ClientSession(
            grant_for(self.ticket), entropy=seeded_entropy(2), unix_ms_offset=(UNIX_S + client_clock_ahead_s) * 1000
        )
        self.events: list[ClientEvent] = []
        self.link = RelayLink(session, self.path, self.clock, self._on_event)
        self.source.handler = self.engine.handle_packet

    def _on_event(self, event: ClientEvent) -> None:
        self.events.append(event)
        self.engine.handle_event(self.link, event)
        if isinstance(event, RelayLost):  # as the keeper of a session without a standby does
            self.routes.send_all_direct(Why.RELAY_LOST)

    def established(self) -> "World":
        self.link.start()
        self.clock.run(0.1)
        assert isinstance(self.events[0], Established)
        self.engine.use(self.link)
        return self

    def play(self, seconds: float, *, flow: FlowKey = GAME, rate: int = 64) -> list[bytes]:
        """The game sends at a steady rate; returns what it sent."""
        sent = []
        for number in range(int(seconds * rate)):
            payload = b"%d-%f" % (number, self.clock.time())
            sent.append(payload)
            self.source.game_sends(flow, payload)
            self.clock.run(1 / rate)
        return sent

    def payloads_at_game(self) -> list[bytes]:
        return [payload for _, _, payload in self.brain.arrived]

    def saw(self, kind: type) -> bool:
        return any(isinstance(event, kind) for event in self.events)


def test_a_packet_goes_through_the_relay_and_the_reply_comes_back_to_the_same_flow() -> None:
    world = World().established()
    assert world.source.game_sends(GAME, b"hello") is Verdict.TAKEN
    world.clock.run(0.1)
    assert world.payloads_at_game() == [b"hello"]
    assert world.source.delivered == [(GAME, b"re:hello")]
    assert world.source.direct == []
    counters = world.engine.counters
    assert (counters.packets_up, counters.packets_down, counters.bytes_up, counters.bytes_down) == (1, 1, 5, 8)


def test_before_the_session_is_established_packets_go_direct() -> None:
    world = World()
    world.link.start()
    world.engine.use(world.link)
    assert world.source.game_sends(GAME, b"early") is Verdict.DIRECT
    flow = world.routes.get(GAME)
    assert flow is not None
    assert flow.why is Why.NOT_CONNECTED


def test_a_flow_that_began_direct_stays_direct_when_the_relay_comes_until_it_was_quiet() -> None:
    world = World()
    world.link.start()
    world.engine.use(world.link)
    for _ in range(20):
        world.source.game_sends(GAME, b"early")
    world.clock.run(1)
    assert world.source.game_sends(GAME, b"still the same match") is Verdict.DIRECT
    world.clock.run(QUIET_S + 1)
    assert world.source.game_sends(GAME, b"a new match") is Verdict.TAKEN


def test_flows_that_were_alive_before_stay_direct_until_they_end() -> None:
    world = World().established()
    world.routes.leave_direct({GAME}, world.clock.time())
    world.play(60)
    assert world.brain.arrived == []
    assert world.source.game_sends(OTHER_PORT, b"another flow") is Verdict.TAKEN
    world.clock.run(QUIET_S + 1)
    assert world.source.game_sends(GAME, b"next match") is Verdict.TAKEN


def test_a_destination_outside_the_profile_goes_direct_when_nobody_may_be_asked() -> None:
    world = World().established()
    world.routes = FlowRoutes(ALLOWED, Approvals())
    world.engine.routes = world.routes
    assert world.source.game_sends(UNKNOWN, b"x") is Verdict.DIRECT
    assert world.asked == []


def test_a_flow_that_the_relay_denies_goes_direct_and_says_so() -> None:
    world = World().established()
    world.brain.denied.add(("198.20.0.7", 27015))
    world.source.game_sends(GAME, b"first")
    world.clock.run(0.1)
    assert world.source.game_sends(GAME, b"second") is Verdict.DIRECT
    assert world.source.direct == [(GAME, b"second")]
    flow = world.routes.get(GAME)
    assert flow is not None
    assert flow.why is Why.REFUSED_BY_RELAY


def test_a_lost_flow_open_costs_only_its_own_packet() -> None:
    world = World().established()
    lost: list[bytes] = []

    def lose_first_data(datagram: bytes, up: bool) -> bool:
        if up and not lost and datagram[0] >> TYPE_SHIFT & 7 == 0:
            lost.append(datagram)
            return False
        return True

    world.path.fate = lose_first_data
    sent = world.play(0.5)
    world.clock.run(0.1)
    assert lost
    assert world.payloads_at_game() == sent[1:]
    assert world.source.replies() == [b"re:" + payload for payload in sent[1:]]


def test_payloads_of_1400_bytes_arrive_whole_both_ways() -> None:
    world = World().established()
    payloads = [bytes([number]) * 1400 for number in range(20)]
    for payload in payloads:
        world.source.game_sends(GAME, payload)
        world.clock.run(0.05)
    assert world.payloads_at_game() == payloads
    assert world.source.replies() == [b"re:" + payload for payload in payloads]


def test_a_payload_that_is_too_large_goes_direct_alone_and_is_counted() -> None:
    world = World().established()
    world.source.game_sends(GAME, b"small")
    world.clock.run(0.1)
    assert world.source.game_sends(GAME, b"x" * (MAX_PAYLOAD + 1)) is Verdict.DIRECT
    assert world.source.game_sends(GAME, b"small again") is Verdict.TAKEN
    assert world.engine.counters.too_large == 1


def test_several_local_ports_keep_their_own_game_facing_ports_and_replies() -> None:
    world = World().established()
    flows = [FlowKey(port, "198.20.0.7", 27015) for port in range(50000, 50008)]
    for flow in flows:
        world.source.game_sends(flow, b"from %d" % flow.local_port)
    world.clock.run(0.1)
    assert len({port for port, _, _ in world.brain.arrived}) == len(flows)
    assert sorted(world.source.delivered) == [(flow, b"re:from %d" % flow.local_port) for flow in flows]


def test_one_local_port_keeps_its_game_facing_port_over_several_servers() -> None:
    world = World().established()
    for host in range(1, 6):
        world.source.game_sends(FlowKey(50000, f"198.20.0.{host}", 27015), b"x")
    world.clock.run(0.1)
    assert len({port for port, _, _ in world.brain.arrived}) == 1
    assert len(world.brain.arrived) == 5


def test_after_a_relay_restart_the_session_resumes_with_the_same_game_facing_port() -> None:
    world = World().established()
    world.play(1)
    ports_before = {port for port, _, _ in world.brain.arrived}
    world.path.is_up = False
    world.play(0.5)
    world.brain.restart()
    world.path.is_up = True
    world.play(3)
    ports = {port for port, _, _ in world.brain.arrived}
    assert ports == ports_before
    resumed = [event for event in world.events if isinstance(event, Established)]
    assert [event.resumed for event in resumed] == [False, False]
    arrived_before = len(world.brain.arrived)
    sent = world.play(0.5)
    world.clock.run(0.1)
    assert world.payloads_at_game()[arrived_before:] == sent
    assert world.source.direct == []


def test_when_the_relay_is_lost_flows_go_direct_instead_of_nowhere() -> None:
    world = World().established()
    world.play(1)
    world.path.is_up = False
    world.play(LOST_AFTER_S + 2)
    assert world.saw(RelaySilent)
    assert world.saw(RelayLost)
    world.source.direct.clear()
    sent = world.play(1)
    assert [payload for _, payload in world.source.direct] == sent
    flow = world.routes.get(GAME)
    assert flow is not None
    assert flow.why is Why.RELAY_LOST


def test_a_relay_that_returns_after_it_was_lost_takes_new_flows_but_leaves_the_moved_one_alone() -> None:
    world = World().established()
    world.play(1)
    world.path.is_up = False
    world.play(LOST_AFTER_S + 2)
    world.path.is_up = True
    world.play(3)
    assert world.source.game_sends(GAME, b"went direct in the middle") is Verdict.DIRECT
    assert world.source.game_sends(OTHER_PORT, b"new") is Verdict.TAKEN


def test_a_new_client_port_in_the_middle_of_play_loses_nothing_upwards() -> None:
    world = World().established()
    world.play(1)
    arrived = len(world.brain.arrived)
    world.path.follow_network(force=True)
    sent = world.play(1)
    world.clock.run(0.2)
    assert world.payloads_at_game()[arrived:] == sent
    replies = world.source.replies()[-32:]
    assert replies == [b"re:" + payload for payload in sent[-32:]]
    assert not world.saw(RelaySilent)


def test_junk_from_the_relays_address_changes_nothing() -> None:
    world = World().established()
    junk = seeded_entropy(9)
    for number in range(2000):
        world.path.inject(junk(number % 200))
        world.path.inject(bytes([0x42]) + world.ticket.cid.to_bytes(8, "big") + junk(number % 100))
    sent = world.play(1)
    world.clock.run(0.1)
    assert world.payloads_at_game() == sent
    assert world.source.replies() == [b"re:" + payload for payload in sent]
    assert sum(world.link.session.drops.values()) >= 4000


def test_replayed_datagrams_reach_neither_game_nor_player_a_second_time() -> None:
    world = World().established()
    sent = world.play(1)
    world.clock.run(0.1)
    for datagram in list(world.path.sent):
        world.path.arrive(datagram, ("203.0.113.9", 9999))
    for datagram in list(world.path.came):
        world.path.inject(datagram)
    world.clock.run(1)
    assert world.payloads_at_game() == sent
    assert world.source.replies() == [b"re:" + payload for payload in sent]
    assert world.link.session.drops[DropReason.DUPLICATE] >= len(sent)


@pytest.mark.parametrize("ahead_s", [-50.0, 50.0])
def test_a_client_whose_clock_is_wrong_by_less_than_a_minute_connects(ahead_s: float) -> None:
    world = World(client_clock_ahead_s=ahead_s).established()
    world.source.game_sends(GAME, b"hello")
    world.clock.run(0.1)
    assert world.payloads_at_game() == [b"hello"]


def test_a_client_whose_clock_is_wrong_by_more_is_told_by_a_time_out() -> None:
    world = World(client_clock_ahead_s=90)
    world.link.start()
    world.clock.run(10)
    assert world.saw(HandshakeTimedOut)
    assert set(world.brain.drops) == {DropReason.HELLO_SKEW}


def test_a_renewed_ticket_reaches_the_relay_in_the_middle_of_play_and_nothing_is_lost() -> None:
    world = World(expires_in_s=30).established()
    sent = world.play(10)
    newer = make_ticket(
        world.ticket.cid, world.ticket.secret, now_unix_s=UNIX_S + world.clock.time(), expires_in_s=3600
    )
    world.link.renew_ticket(seal(newer))
    sent += world.play(60)
    world.clock.run(0.2)
    assert world.saw(TicketRenewed)
    assert [ticket.expires_at_s for ticket in world.brain.taken_tickets] == [newer.expires_at_s]
    assert world.payloads_at_game() == sent


def test_when_the_relay_closes_the_session_packets_go_direct() -> None:
    world = World().established()
    world.play(0.5)
    world.path.carry_back(world.brain.close_all(CloseReason.EXPIRED))
    world.clock.run(0.1)
    assert world.saw(SessionClosed)
    assert world.source.game_sends(GAME, b"after") is Verdict.DIRECT


def test_packets_to_an_unknown_server_are_held_until_the_server_approves_and_then_go_through_the_relay_in_order() -> (
    None
):
    world = World().established()
    payloads = [b"one", b"two", b"three"]
    for payload in payloads:
        assert world.source.game_sends(UNKNOWN, payload) is Verdict.TAKEN
    world.clock.run(SCAN_WINDOW_S + 0.01)
    assert world.asked == [UNKNOWN]
    assert world.brain.arrived == []
    world.engine.approved(UNKNOWN)
    world.source.game_sends(UNKNOWN, b"four")
    world.clock.run(0.2)
    assert world.payloads_at_game() == [*payloads, b"four"]
    assert world.source.direct == []


def test_held_packets_go_direct_when_the_server_refuses_and_it_is_not_asked_again_at_once() -> None:
    world = World().established()
    world.source.game_sends(UNKNOWN, b"one")
    world.clock.run(0.1)
    world.engine.not_approved(UNKNOWN, refused=True)
    assert world.source.direct == [(UNKNOWN, b"one")]
    world.clock.run(10)
    assert world.source.game_sends(UNKNOWN, b"two") is Verdict.DIRECT
    assert world.asked == [UNKNOWN]


def test_held_packets_go_direct_when_the_answer_takes_too_long_and_a_late_yes_does_not_move_the_flow() -> None:
    world = World().established()
    for _ in range(10):
        world.source.game_sends(UNKNOWN, b"x")
    world.clock.run(SCAN_WINDOW_S + HOLD_S + 0.01)
    assert len(world.source.direct) == 10
    world.engine.approved(UNKNOWN)
    assert world.source.game_sends(UNKNOWN, b"later") is Verdict.DIRECT
    assert world.brain.arrived == []


def test_no_more_than_a_few_packets_are_held() -> None:
    world = World().established()
    for number in range(HOLD_PACKETS + 1):
        world.source.game_sends(UNKNOWN, b"%d" % number)
    assert [payload for _, payload in world.source.direct] == [b"%d" % number for number in range(HOLD_PACKETS + 1)]


def test_a_server_list_is_not_asked_for_and_goes_direct_without_delay() -> None:
    world = World().established()
    for host in range(1, 101):
        world.source.game_sends(FlowKey(50000, f"198.20.9.{host}", 27015), b"getinfo")
    assert len(world.source.direct) == 100
    world.clock.run(1)
    assert world.asked == []


def test_a_server_from_the_list_is_asked_for_when_the_player_joins_it() -> None:
    world = World().established()
    for host in range(1, 101):
        world.source.game_sends(FlowKey(50000, f"198.20.9.{host}", 27015), b"getinfo")
    world.clock.run(5)
    assert world.source.game_sends(UNKNOWN, b"connect") is Verdict.TAKEN
    world.clock.run(0.1)
    assert world.asked == [UNKNOWN]


def test_releasing_the_link_sends_what_is_held_and_everything_after_it_direct() -> None:
    world = World().established()
    world.play(1)
    world.source.game_sends(UNKNOWN, b"held")
    assert world.engine.release(Why.NOT_CONNECTED) == 1
    assert (UNKNOWN, b"held") in world.source.direct
    assert world.source.game_sends(GAME, b"x") is Verdict.DIRECT


def test_a_reply_for_a_flow_that_went_direct_meanwhile_is_dropped_and_counted() -> None:
    world = World().established()
    world.source.game_sends(GAME, b"x")
    world.routes.send_direct(GAME, Why.RELAY_LOST)
    world.clock.run(0.1)
    assert world.source.delivered == []
    assert world.engine.counters.dropped == {"flow_went_direct": 1}


def test_leaked_packets_are_those_of_the_capture() -> None:
    world = World()
    world.source.stats.leaked = 3
    assert world.engine.leaked == 3


class SecondExit:
    """Another relay of the same world, shaken hands with and carrying nothing yet."""

    def __init__(self, world: World) -> None:
        self.brain = RelayBrain(seeded_entropy(5), relay_id=43)
        self.path = ScriptedPath(self.brain, world.clock)
        ticket = make_ticket(0x99, bytes(range(1, 33)), now_unix_s=UNIX_S + world.clock.time())
        session = ClientSession(grant_for(ticket, 43), entropy=seeded_entropy(6), unix_ms_offset=UNIX_S * 1000)
        self.link = RelayLink(
            session, self.path, world.clock, lambda event: world.engine.handle_event(self.link, event)
        )
        self.link.start()
        world.clock.run(0.1)

    def payloads(self) -> list[bytes]:
        return [payload for _, _, payload in self.brain.arrived]


def test_switching_the_exit_moves_every_relayed_flow_with_its_next_payload() -> None:
    world = World().established()
    world.play(0.5)
    second = SecondExit(world)
    arrived = len(world.brain.arrived)
    assert world.engine.use(second.link) == 1
    sent = world.play(0.5)
    world.clock.run(0.1)
    assert second.payloads() == sent
    assert len(world.brain.arrived) == arrived
    assert world.source.replies()[-len(sent) :] == [b"re:" + payload for payload in sent]


def test_what_the_old_exit_still_sends_reaches_nobody() -> None:
    world = World().established()
    world.source.game_sends(GAME, b"before")
    second = SecondExit(world)
    world.source.delivered.clear()
    world.source.game_sends(GAME, b"on its way")
    world.engine.use(second.link)
    world.clock.run(0.1)
    assert world.source.delivered == []
    assert world.engine.counters.dropped == {"flow_left_exit": 1}


def test_when_an_exit_is_to_close_new_flows_begin_elsewhere_and_old_ones_stay() -> None:
    world = World().established()
    world.play(0.5)
    second = SecondExit(world)
    world.engine.use_for_new_flows(second.link)
    world.source.game_sends(GAME, b"old flow")
    world.source.game_sends(OTHER_PORT, b"new flow")
    world.clock.run(0.1)
    assert world.payloads_at_game()[-1] == b"old flow"
    assert second.payloads() == [b"new flow"]
    assert {(GAME, b"re:old flow"), (OTHER_PORT, b"re:new flow")} <= set(world.source.delivered)
    assert (world.engine.flows_on(world.link), world.engine.flows_on(second.link)) == (1, 1)
    assert world.engine.drop(world.link, Why.RELAY_LOST) == 1
    assert world.source.game_sends(GAME, b"its exit is gone") is Verdict.DIRECT
    assert world.source.game_sends(OTHER_PORT, b"untouched") is Verdict.TAKEN


def test_the_quickest_first_reply_of_a_flow_is_the_evidence_of_the_whole_way() -> None:
    world = World(delay_s=0.020).established()
    world.play(0.5)
    world.source.game_sends(OTHER_PORT, b"x")
    world.clock.run(0.1)
    evidence = world.engine.first_replies
    assert evidence.flows == 2
    assert evidence.best_ms == pytest.approx(40.0)
    assert evidence.best_target == "198.20.0.7:27015"


def test_waiting_for_the_servers_word_is_no_part_of_the_way() -> None:
    world = World().established()
    world.source.game_sends(UNKNOWN, b"one")
    world.clock.run(0.3)
    world.engine.approved(UNKNOWN)
    world.clock.run(0.1)
    assert world.engine.first_replies.best_ms == pytest.approx(20.0)


def test_when_direct_is_better_new_flows_go_direct_and_live_ones_stay() -> None:
    world = World().established()
    world.play(0.5)
    world.routes.direct_is_better = True
    assert world.source.game_sends(GAME, b"the match goes on") is Verdict.TAKEN
    assert world.source.game_sends(OTHER_PORT, b"a new one") is Verdict.DIRECT
    flow = world.routes.get(OTHER_PORT)
    assert flow is not None
    assert flow.why is Why.DIRECT_IS_BETTER
