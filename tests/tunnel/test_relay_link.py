"""A session and its path, in fake time."""

from plg.protocol.client_session import ClientSession
from plg.protocol.constants import CLOSE_REPEATS, LOST_AFTER_S
from plg.protocol.errors import CloseReason
from plg.protocol.events import ClientEvent, Established, HandshakeTimedOut, RelaySilent
from plg.tunnel.relay_link import NETWORK_CHECK_S, RelayLink
from support.fake_time import FakeClock
from support.loopback_relay import UNIX_S, RelayBrain, ScriptedPath, grant_for, make_ticket, seeded_entropy

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
