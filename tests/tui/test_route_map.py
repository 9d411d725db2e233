"""The route as a map of hops."""

from datetime import UTC, datetime

import msgspec
import pytest
from rich.cells import cell_len

from plg.cli.language import Language, speak
from plg.tunnel.states import off_document
from plg_tui.graph_drawing import Marks
from plg_tui.route_map import LEAST_NAME, MOST_LANES, route_map
from support.talking_tunnel import MULTIPATH, STATUS


def test_copies_are_lanes_side_by_side_and_the_standby_waits_below() -> None:
    assert route_map(MULTIPATH, 78, Marks.BRAILLE) == [
        "you ┬─▲ straight ───────── 33.0 ms ─┬─ Lab One ─ 8.0 ms ─ lab-game",
        "    ├─● via Amsterdam 1 ── 36.0 ms ─┤",
        "    └─◌ over wwan0 ────────── ? ms ─┘",
        "      ○ standby exit Lab Two: ready",
    ]


def test_one_way_is_one_line() -> None:
    assert route_map(STATUS, 78, Marks.BLOCK) == ["you ──● straight ── 12.0 ms ─── Lab One ─ 8.0 ms ─ lab-game"]


def test_ascii_has_no_box_signs() -> None:
    lines = route_map(MULTIPATH, 78, Marks.ASCII)
    assert lines[0] == "you +-▲ straight --------- 33.0 ms -+- Lab One - 8.0 ms - lab-game"
    assert lines[2].endswith("-'")


def test_without_a_relay_there_is_no_route() -> None:
    assert route_map(off_document(datetime.now(UTC)), 78, Marks.BRAILLE) == ["no relay chosen yet"]


def test_a_relay_whose_own_way_is_not_known_has_a_question_mark() -> None:
    assert STATUS.relay is not None
    relay = msgspec.structs.replace(STATUS.relay, game_leg_ms=None)
    assert "─ ? ms ─ lab-game" in route_map(msgspec.structs.replace(STATUS, relay=relay), 78, Marks.BRAILLE)[0]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("width", [58, 78, 118])
def test_long_names_are_cut_to_the_width(language: Language, width: int) -> None:
    speak(language)
    assert MULTIPATH.relay is not None
    relay = msgspec.structs.replace(MULTIPATH.relay, name="Frankfurt am Main, the third of many", country="DE")
    status = msgspec.structs.replace(MULTIPATH, relay=relay, game="a-game-with-a-name-that-never-ends")
    lines = route_map(status, width, Marks.BRAILLE)
    assert max(map(cell_len, lines)) <= width
    assert "Frank" in lines[0]
    assert len(lines[0].rpartition("─ ")[2]) >= LEAST_NAME - 1


def test_more_ways_than_have_room_are_counted() -> None:
    status = msgspec.structs.replace(STATUS, paths=[STATUS.paths[0]] * (MOST_LANES + 3))
    lines = route_map(status, 78, Marks.BRAILLE)
    assert len(lines) == MOST_LANES + 1
    assert lines[-1].strip() == "+3"


def test_names_cannot_draw_on_the_screen() -> None:
    assert STATUS.relay is not None
    relay = msgspec.structs.replace(STATUS.relay, name="x\x1b[2J")
    assert "\x1b" not in "".join(route_map(msgspec.structs.replace(STATUS, relay=relay), 78, Marks.BRAILLE))
