"""A recording follows the link of the moment, through relays that change."""

from typing import TYPE_CHECKING, Any, cast

from plg.protocol.header import DATA_UP, pack_data_header
from plg.protocol.redundancy import RedundancyMode
from plg.tunnel.live_recording import FOLLOW_EVERY_S, LiveRecording
from plg.tunnel.path_recording import Recording, parse_recording
from support.fake_time import FakeClock

if TYPE_CHECKING:
    from plg.tunnel.relay_link import RelayLink


class Figures:
    mode = RedundancyMode.REDUNDANT


class Session:
    redundancy_figures = Figures()


class Link:
    """As much of a link as a recording touches."""

    def __init__(self) -> None:
        self.recorder: Any = None
        self.session = Session()


class Tunnel:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.link: Link | None = Link()
        self.blocks: list[bytes] = []
        self.recording = LiveRecording(
            self.blocks.append,
            lambda: cast("RelayLink | None", self.link),
            self.clock,
            game="g" * 100,
            program="plg test",
            max_overhead=99.0,
        )

    def send(self, seq: int) -> None:
        assert self.link is not None
        self.link.recorder.sent(self.clock.time(), 0, pack_data_header(DATA_UP, 1, 0, seq) + bytes(40))

    def read(self) -> Recording:
        return parse_recording(b"".join(self.blocks))


def test_the_file_begins_with_what_is_played_cut_to_the_fields_bounds() -> None:
    start = Tunnel().read().start
    assert (start.mode, start.game, start.max_overhead) == ("redundant", "g" * 64, 16.0)


def test_it_moves_to_another_link_and_begins_its_numbers_anew() -> None:
    tunnel = Tunnel()
    first = tunnel.link
    assert first is not None
    tunnel.send(7)
    tunnel.link = Link()
    tunnel.clock.run(FOLLOW_EVERY_S)
    assert first.recorder is None
    tunnel.send(0)
    tunnel.recording.stop()
    assert [(row.epoch, row.seq) for row in tunnel.read().packets] == [(0, 7), (1, 0)]


def test_without_a_link_it_waits_for_one() -> None:
    tunnel = Tunnel()
    tunnel.link = None
    tunnel.clock.run(FOLLOW_EVERY_S)
    tunnel.link = Link()
    tunnel.clock.run(FOLLOW_EVERY_S)
    tunnel.send(1)
    tunnel.recording.stop()
    assert len(tunnel.read().packets) == 1


def test_stopped_it_lets_go_of_the_link_and_its_timer_and_the_file_is_whole() -> None:
    tunnel = Tunnel()
    tunnel.recording.stop()
    tunnel.recording.stop()
    assert tunnel.link is not None
    assert tunnel.link.recorder is None
    assert tunnel.recording.is_over
    assert tunnel.read().finished
    tunnel.clock.run(10)
    assert tunnel.link.recorder is None
