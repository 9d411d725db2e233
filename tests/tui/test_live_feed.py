"""The feed beside a real control socket."""

import os
import queue
import socket
from pathlib import Path

from plg.contract.cli_output import StatusDocument
from plg.tunnel.runtime_place import RuntimePlace, make_private
from plg_tui.live_feed import LiveFeed
from support.talking_tunnel import STATUS, talking_tunnel


class Heard:
    """What a feed said, in order."""

    def __init__(self, directory: Path) -> None:
        self.said: queue.Queue[StatusDocument | str] = queue.Queue()
        self.feed = LiveFeed(
            RuntimePlace(directory, os.geteuid()),
            seen=self.said.put,
            gone=lambda: self.said.put("gone"),
            trouble=lambda why: self.said.put(f"trouble: {why}"),
        )

    def next(self) -> StatusDocument | str:
        return self.said.get(timeout=10)


def test_it_says_once_that_there_is_no_tunnel_and_sees_one_that_comes_and_goes(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    heard.feed.start()
    try:
        assert heard.next() == "gone"
        with talking_tunnel(tmp_path):
            assert [heard.next() for _ in range(5)] == [STATUS] * 5
        while (said := heard.next()) == STATUS:
            pass
        assert said == "gone"
        assert heard.said.empty()
    finally:
        heard.feed.close()


def test_leaving_does_not_end_the_tunnel(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    with talking_tunnel(tmp_path) as tunnel:
        heard.feed.start()
        assert heard.next() == STATUS
        heard.feed.close()
        assert not tunnel.stopped.is_set()
        assert tunnel.asked == []


def test_a_tunnel_that_accepts_and_says_nothing_is_trouble(tmp_path: Path) -> None:
    place = RuntimePlace(tmp_path, os.geteuid())
    make_private(place)
    heard = Heard(tmp_path)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place.control_socket))
        door.listen()
        heard.feed.start()
        assert str(heard.next()).startswith("trouble: no answer within")
        heard.feed.close()


def test_a_feed_that_never_started_can_be_closed(tmp_path: Path) -> None:
    heard = Heard(tmp_path)
    heard.feed.close()
    assert heard.said.empty()
