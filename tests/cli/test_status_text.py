"""A tunnel's status in words."""

import msgspec

from plg.cli.status_text import status_line, status_page
from plg.contract.cli_output import StatusDocument
from support.talking_tunnel import STATUS


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
