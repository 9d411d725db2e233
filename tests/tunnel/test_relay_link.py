"""A session and its paths, in fake time."""

import dataclasses
from random import Random

import pytest

from plg.protocol.client_session import ClientSession, PathState, TransitPass
from plg.protocol.constants import CLOSE_REPEATS, LOST_AFTER_S
from plg.protocol.errors import CloseReason, WelcomeStatus
from plg.protocol.events import (
    ClientEvent,
    Established,
    HandshakeTimedOut,
    PathDown,
    PathUp,
    PayloadReceived,
    PrimaryChanged,
    RelaySilent,
    TransitRefused,
)
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.tunnel.relay_link import NETWORK_CHECK_S, RelayLink
from support.fake_time import FakeClock
from support.loopback_relay import UNIX_S, RelayBrain, ScriptedPath, grant_for, make_ticket, seal, seeded_entropy
from support.loopback_transit import ScriptedTransit, make_transit_pass, packed_transit

FLOW = (50000, "198.20.0.7", 27015)


class Lab:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.brain = RelayBrain(seeded_entropy())
        self.path = ScriptedPath(self.brain, self.clock)
        ticket = make_ticket(7, bytes(32), now_unix_s=UNIX_S + self.clock.time())
        self.events: list[ClientEvent] = []
        session = ClientSession(grant_for(ticket), entropy=seeded_entropy(2), unix_ms_offset=UNIX_S * 1000)
        self.link = RelayLink(session, self.path, self.clock, self.events.append)

    def kinds(self) -> list[type]:
        return [type(event) for event in self.events]


def test_the_hand_shake_is_driven_to_its_end() -> None:
    lab = Lab()
    carried = []
    lab.link.start()
    carried.append(lab.link.carries)
    lab.clock.run(0.1)
    carried.append(lab.link.carries)
    assert lab.kinds() == [Established]
    assert carried == [False, True]
    assert lab.link.is_healthy


def test_lost_hellos_are_repeated() -> None:
    lab = Lab()
    lost: list[bytes] = []

    def lose_three(datagram: bytes, up: bool) -> bool:
        lost.append(datagram)
        return len(lost) > 3

    lab.path.fate = lose_three
    lab.link.start()
    lab.clock.run(3)
    assert lab.kinds()[0] is Established


def test_a_relay_that_never_answers_ends_in_a_time_out() -> None:
    lab = Lab()
    lab.path.is_up = False
    lab.link.start()
    lab.clock.run(10)
    assert lab.kinds() == [HandshakeTimedOut]
    assert not lab.link.carries


def test_silence_takes_a_new_source_port_and_the_session_resumes_there() -> None:
    lab = Lab()
    lab.link.start()
    lab.clock.run(0.1)
    before = lab.path.source
    lab.path.is_up = False
    lab.clock.run(5)
    assert RelaySilent in lab.kinds()
    assert lab.path.source != before
    assert not lab.link.is_healthy
    lab.path.is_up = True
    lab.clock.run(2)
    assert lab.link.is_healthy


def test_a_lost_link_carries_nothing_until_the_relay_is_heard_again() -> None:
    lab = Lab()
    lab.link.start()
    lab.clock.run(0.1)
    lab.path.is_up = False
    lab.clock.run(LOST_AFTER_S + 5)
    assert not lab.link.carries
    lab.path.is_up = True
    lab.clock.run(2)
    assert lab.link.carries


def test_the_network_is_looked_at_now_and_then() -> None:
    lab = Lab()
    looks: list[float] = []
    lab.path.follow_network = lambda *, force=False: bool(looks.append(lab.clock.time()))  # type: ignore[method-assign, func-returns-value]  # counts calls
    lab.link.start()
    lab.clock.run(3 * NETWORK_CHECK_S + 0.1)
    assert len(looks) == 3


def test_closing_says_so_three_times_and_lets_go_of_the_socket() -> None:
    lab = Lab()
    lab.link.start()
    lab.clock.run(0.1)
    sent, told = len(lab.path.sent), []
    lab.link.close(on_closed=lambda: told.append(True))
    lab.clock.run(1)
    assert len(lab.path.sent) - sent == CLOSE_REPEATS
    assert lab.brain.closed[0] == CloseReason.USER
    assert lab.path.closed
    assert told == [True]
    lab.link.close()
    assert not lab.link.send_payload(FLOW, b"too late")


def test_closing_before_the_hand_shake_is_done_is_immediate() -> None:
    lab = Lab()
    lab.path.is_up = False
    lab.link.start()
    lab.link.close()
    assert lab.path.closed


class MultipathLab(Lab):
    """The same with transits 1 to `transits`, in redundant mode."""

    def __init__(self, transits: int = 1, mode: RedundancyMode = RedundancyMode.REDUNDANT) -> None:
        super().__init__()
        self.transits = [ScriptedTransit(self.brain, self.clock, number) for number in range(1, transits + 1)]
        listed = tuple((number, packed_transit(number)) for number in range(1, transits + 1))
        self.ticket = make_ticket(
            7, bytes(32), now_unix_s=UNIX_S + self.clock.time(), max_paths=1 + transits, transits=listed
        )
        session = ClientSession(
            grant_for(self.ticket),
            entropy=seeded_entropy(2),
            unix_ms_offset=UNIX_S * 1000,
            redundancy=Redundancy(mode),
        )
        self.link = RelayLink(session, self.path, self.clock, self.events.append)

    def pass_for(self, number: int) -> TransitPass:
        now_unix_s = UNIX_S + self.clock.time()
        relay_id = self.transits[number - 1].relay_id
        return make_transit_pass(7, bytes([number]) * 32, ("192.0.2.1", 443), relay_id=relay_id, now_unix_s=now_unix_s)

    def connected(self) -> "MultipathLab":
        self.link.start()
        self.clock.run(0.2)
        for number, transit in enumerate(self.transits, 1):
            self.link.add_path(number, transit, self.pass_for(number))
        self.clock.run(1.0)
        return self

    def play(self, seconds: float, rate: int = 64) -> list[bytes]:
        sent = []
        for number in range(int(seconds * rate)):
            payload = b"%d-%f" % (number, self.clock.time())
            sent.append(payload)
            assert self.link.send_payload(FLOW, payload)
            self.clock.run(1 / rate)
        return sent

    def at_game(self) -> list[bytes]:
        return [payload for _, _, payload in self.brain.arrived]

    def replies(self) -> list[bytes]:
        return [event.payload for event in self.events if isinstance(event, PayloadReceived)]


def test_a_transit_is_bound_and_proved_and_carries_copies() -> None:
    lab = MultipathLab().connected()
    assert PathUp in lab.kinds()
    sent = lab.play(2)
    lab.clock.run(0.2)
    assert lab.at_game() == sent
    assert lab.replies() == [b"re:" + payload for payload in sent]
    assert set(lab.link.session.paths) == {0, 1}
    assert lab.link.bytes_up[1] > 100 * 40
    assert lab.link.bytes_down[1] > 100 * 40


@pytest.mark.parametrize("mode", list(RedundancyMode))
@pytest.mark.parametrize("seed", range(5))
def test_the_timer_is_never_later_than_the_session_wants_it(mode: RedundancyMode, seed: int) -> None:
    """It is not set anew for each payload that comes."""
    random = Random(seed)
    lab = MultipathLab(mode=mode).connected()
    played: list[PayloadReceived] = []
    lab.link.on_payload = played.append
    for way in (lab.path, lab.transits[0]):
        way.fate = lambda _datagram, _up: random.random() > 0.1
    for _ in range(300):
        if random.random() < 0.8:
            lab.link.send_payload(FLOW, b"x" * random.randint(1, 300))
        if random.random() < 0.02:
            lab.path.is_up = not lab.path.is_up
        lab.clock.run(random.choice((0.001, 0.004, 0.015, 0.3)))
        wanted_s, timer_s = lab.link.session.next_timeout(), lab.link._timer_at_s
        assert wanted_s is None or (timer_s is not None and timer_s <= wanted_s)
    assert played
    assert PayloadReceived not in lab.kinds()


def test_in_redundant_mode_a_path_may_die_without_any_loss() -> None:
    lab = MultipathLab().connected()
    sent = lab.play(1)
    lab.transits[0].is_up = False
    sent += lab.play(2)
    assert PathDown in lab.kinds()
    lab.transits[0].is_up = True
    sent += lab.play(3)
    lab.path.is_up = False
    sent += lab.play(2)
    lab.clock.run(0.2)
    assert sorted(lab.at_game()) == sorted(sent)
    assert sorted(lab.replies()) == sorted(b"re:" + payload for payload in sent)
    assert RelaySilent not in lab.kinds()


def test_with_one_way_at_a_time_the_other_takes_over_within_700_ms() -> None:
    lab = MultipathLab(mode=RedundancyMode.OFF).connected()
    lab.play(1)
    arrived = len(lab.at_game())
    lab.path.is_up = False
    died_at_s = lab.clock.time()
    while len(lab.at_game()) == arrived:
        lab.play(1 / 64)
    assert lab.clock.time() - died_at_s <= 0.7
    lab.play(0.5)
    assert PrimaryChanged in lab.kinds()


def test_a_path_that_went_down_gets_a_fresh_socket() -> None:
    lab = MultipathLab(mode=RedundancyMode.OFF).connected()
    before = lab.path.source
    lab.path.is_up = False
    lab.play(2)
    assert lab.path.source != before
    assert lab.link.is_healthy


def test_a_refused_transit_is_told_and_the_session_goes_on() -> None:
    lab = MultipathLab()
    lab.transits[0].refusal = WelcomeStatus.NO_TRANSIT
    lab.connected()
    (refused,) = [event for event in lab.events if isinstance(event, TransitRefused)]
    assert (refused.path, refused.status) == (1, WelcomeStatus.NO_TRANSIT)
    sent = lab.play(0.5)
    lab.clock.run(0.1)
    assert lab.at_game() == sent


def test_another_transit_takes_the_number_of_one_that_was_removed() -> None:
    lab = MultipathLab().connected()
    old = lab.transits[0]
    old.is_up = False
    lab.play(1)
    lab.link.remove_path(1)
    assert old.closed
    fresh = ScriptedTransit(lab.brain, lab.clock, 2)
    lab.transits = [fresh]
    newer = dataclasses.replace(
        lab.ticket, expires_at_s=lab.ticket.expires_at_s + 60, transits=((1, packed_transit(2)),)
    )
    lab.link.renew_ticket(seal(newer))
    lab.clock.run(0.2)
    lab.link.add_path(1, fresh, lab.pass_for(1))
    lab.play(1)
    assert lab.link.session.paths[1] is PathState.ACTIVE


def test_a_newer_pass_changes_nothing_for_a_path_that_works() -> None:
    lab = MultipathLab().connected()
    bound = lab.transits[0].bound
    lab.link.renew_path(1, lab.pass_for(1))
    sent = lab.play(1)
    lab.clock.run(0.1)
    assert lab.transits[0].bound > bound
    assert PathDown not in lab.kinds()
    assert lab.at_game() == sent


def test_closing_lets_go_of_every_socket() -> None:
    lab = MultipathLab().connected()
    lab.link.close()
    lab.clock.run(1)
    assert lab.path.closed
    assert lab.transits[0].closed
    late = ScriptedTransit(lab.brain, lab.clock, 1)
    lab.link.add_path(1, late, lab.pass_for(1))
    assert late.closed


class Notes:
    """A recorder that keeps what it is told."""

    def __init__(self) -> None:
        self.up: list[int] = []
        self.down: list[int] = []
        self.samples: set[int] = set()
        self.keys = 0

    def sent(self, at_s: float, path: int, datagram: bytes) -> None:
        self.up.append(path)

    def arrived(self, at_s: float, path: int, datagram: bytes) -> None:
        self.down.append(path)

    def observe(self, path: int, sample: object, lost_up: int | None) -> None:
        self.samples.add(path)

    def new_keys(self, at_s: float) -> None:
        self.keys += 1


def test_a_recorder_hears_of_every_datagram_with_its_path() -> None:
    lab = MultipathLab().connected()
    notes = Notes()
    lab.link.recorder = notes
    lab.play(1)
    lab.link.recorder = None
    assert min(notes.up.count(0), notes.up.count(1), notes.down.count(0), notes.down.count(1)) >= 60
    assert notes.samples == {0, 1}
    assert notes.keys == 0


def test_being_asked_for_a_sign_of_life_the_relay_gives_one() -> None:
    lab = MultipathLab().connected()
    lab.clock.run(0.5)
    sent = len(lab.path.sent)
    lab.link.probe()
    assert len(lab.path.sent) == sent + 1
    lab.clock.run(0.05)
    assert lab.clock.time() - lab.link.heard_at_s() <= 0.04
