"""A tunnel's status in words."""

import msgspec

from plg.cli.status_text import status_line, status_page
from plg.contract.cli_output import StatusDocument
from support.talking_tunnel import MULTIPATH, STATUS


def changed(**changes: object) -> StatusDocument:
    return msgspec.structs.replace(STATUS, **changes)


def test_the_line_holds_what_matters_while_playing() -> None:
    assert status_line(STATUS) == (
        "connected | lab-game | relay Lab One | ping 20.0 ms (12.0 to relay) | jitter 1.3 ms | loss 0.0 % | "
        "packets 9 up 8 down | leaked 0 | straight 3"
    )


def test_packets_over_the_relays_limit_are_not_hidden() -> None:
    assert STATUS.traffic is not None
    traffic = msgspec.structs.replace(STATUS.traffic, dropped={"over_relay_limit_up": 3, "over_relay_limit_down": 4})
    assert status_line(changed(traffic=traffic)).endswith("7 dropped over the relay's limit")


def test_what_is_not_known_is_not_made_up() -> None:
    assert STATUS.relay is not None
    without_leg = msgspec.structs.replace(STATUS.relay, game_leg_ms=None)
    assert "ping to relay 12.0 ms" in status_line(changed(relay=without_leg))
    unmeasured = msgspec.structs.replace(
        STATUS.paths[0], rtt_ms=None, jitter_up_ms=None, jitter_down_ms=None, loss_up_percent=None
    )
    line = status_line(changed(paths=[unmeasured]))
    assert "ping ? | jitter ? ms | loss ? %" in line
    assert status_line(StatusDocument(state="starting", at="")) == "starting"
    assert status_line(StatusDocument(state="off", at="")) == "off: no tunnel is running"


def test_states_and_reasons_of_a_newer_tunnel_are_shown_as_they_are() -> None:
    strange = msgspec.structs.replace(STATUS.flows[1], why="new_reason")
    page = status_page(changed(state="new_state", flows=[strange], message="point the game at 127.0.0.1:1"))
    assert page.startswith("new_state | ")
    assert "point the game at 127.0.0.1:1" in page
    assert "straight: new_reason" in page


def test_where_both_are_known_the_whole_way_stands_against_the_direct_one() -> None:
    assert status_line(MULTIPATH) == (
        "connected | lab-game | relay Lab One | 41 ms now, direct would be 58 ms | jitter 0.6 ms | lost 3 | "
        "packets 9 up 8 down | leaked 0 | straight 3 | 312 packets saved, 1.3x bytes"
    )
    assert MULTIPATH.comparison is not None
    estimated = msgspec.structs.replace(MULTIPATH.comparison, estimated=True)
    assert "about 41 ms now, direct would be about 58 ms" in status_line(changed(comparison=estimated))
    unknown = msgspec.structs.replace(MULTIPATH.comparison, direct_ms=None, gain_ms=None)
    assert "ping 20.0 ms (12.0 to relay)" in status_line(changed(comparison=unknown))


def test_the_page_shows_every_way_the_copies_and_the_standby() -> None:
    assert status_page(MULTIPATH).splitlines()[1:7] == [
        "  way 0, straight: silent; 33.0 ms, jitter 0.5 up 1.3 down, loss 1.0 % up 2.0 % down, 1.2 MB up 0.9 kB down",
        "  way 1, through Amsterdam 1: in use, first; 36.0 ms, jitter 0.4 up 0.6 down, loss 0.0 % up ? % down, 0.0 kB up 0.0 kB down",
        "  way 2, over wwan0: being opened; ? ms, jitter ? up ? down, loss ? % up ? % down, 0.0 kB up 0.0 kB down",
        "  copies on two ways, level 2; 312 packets saved, 1.3x bytes",
        "  standby exit Lab Two: ready",
        "  the exit was lost and changed 1 time",
    ]


def test_fewer_ways_than_asked_for_are_said() -> None:
    assert "one way only: only one relay is up" in status_line(changed(degraded_because="only one relay is up"))
    several = msgspec.structs.replace(MULTIPATH, degraded_because="no standby exit")
    assert "fewer ways than asked for: no standby exit" in status_line(several)
