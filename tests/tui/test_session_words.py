"""The session in words."""

from datetime import UTC, datetime

import msgspec
import pytest

from plg.cli.language import Language, speak
from plg.tunnel.states import off_document
from plg_tui import session_words as words
from plg_tui.live_history import Figures
from support.talking_tunnel import MULTIPATH, STATUS


def test_the_heading_has_state_game_clock_and_active_routes() -> None:
    assert words.heading(MULTIPATH) == "● connected   lab-game   0:01:01   2 routes active   capture divert"
    speak(Language.RU)
    assert words.heading(MULTIPATH) == "● подключено   lab-game   0:01:01   активны 2 пути   захват divert"


def test_a_lane_names_its_way_its_role_and_its_figures() -> None:
    first, second, third = MULTIPATH.paths
    assert words.lane(first, "straight", "▁▂", wide=True) == (
        "0 straight", "▲ silent, copies", "▁▂", "33.0 ms", "40.0 ms", "0.5/1.3", "1.0/2.0 %", "1.2 MB/0.9 kB",
    )  # fmt: skip
    assert words.lane(second, "via Amsterdam 1", "", wide=False)[:2] == ("1 via Amsterdam 1", "● in use, first")
    assert words.lane(third, "over wwan0", "", wide=False) == ("2 over wwan0", "◌ being opened", "", "? ms", "?", "? %")


def test_the_narrow_lane_has_the_worse_of_both_directions() -> None:
    assert words.lane(MULTIPATH.paths[0], "straight", "", wide=False)[4:] == ("1.3", "2.0 %")


@pytest.mark.parametrize("wide", [True, False])
def test_a_lane_has_a_cell_for_each_title(wide: bool) -> None:
    assert len(words.lane_titles(wide=wide)) == len(words.lane(MULTIPATH.paths[0], "", "", wide=wide))


def test_the_verdict_is_honest() -> None:
    assert words.verdict(MULTIPATH) == "Now 41.2 ms, without PLG 57.8 ms: 16.6 ms better"
    assert words.verdict(STATUS) == "Without PLG: not measured yet"
    assert MULTIPATH.comparison is not None
    worse = msgspec.structs.replace(
        MULTIPATH.comparison, direct_ms=37.2, gain_ms=-4.0, verdict="direct", estimated=True
    )
    assert words.verdict(msgspec.structs.replace(MULTIPATH, comparison=worse)) == (
        "Now 41.2 ms, without PLG 37.2 ms: 4.0 ms worse, new connections go direct, estimated"
    )


def test_copies_and_traffic_have_their_price_named() -> None:
    assert (
        words.bought(MULTIPATH.redundancy) == "copies on two ways: 312 packets saved, 3 lost, bytes x1.30 up x1.25 down"
    )
    assert words.bought(None) == "no copies: one way at a time"
    assert words.traffic(STATUS) == "packets 9 up 8 down, 0.9 kB up 0.8 kB down, leaked 0, straight 3"
    assert words.traffic(off_document(datetime.now(UTC))) == "no packets yet"


def test_own_cost_and_legend() -> None:
    assert words.overhead_text(words.Overhead(None, None)) == "own cost not known here"
    assert words.overhead_text(words.Overhead(2.04, 48.3)) == "tunnel's own cost: 2.0 % of a core, 48 MB"
    assert words.overhead_text(words.Overhead(None, 48.3)) == "tunnel's own cost: ? % of a core, 48 MB"
    assert words.legend("direct", Figures(100.2, 50.05, None)) == "direct 100 ms (mean 50.0 ms, p95 ? ms)"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("point the game at 127.0.0.1:4000", "Пусть игра подключается к 127.0.0.1:4000"),
        ("leaves when the match is over", "Туннель завершится, когда кончится матч."),
        ("something \x1b[2J new", "something \\x1b[2J new"),
    ],
)
def test_what_the_tunnel_says_is_translated_where_it_is_known_and_made_safe(message: str, shown: str) -> None:
    speak(Language.RU)
    status = msgspec.structs.replace(STATUS, message=message, degraded_because="no second relay", exit_switches=2)
    assert words.remarks(status) == [
        "выход был потерян и сменён 2 раза",
        "путей меньше, чем запрошено: no second relay",
        shown,
    ]


def test_the_clock_counts_hours() -> None:
    assert words.clock(3_725.9) == "1:02:05"
