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


def test_the_route_is_a_line_of_hops_for_each_path_and_the_standby() -> None:
    assert words.hops(MULTIPATH) == [
        "▲ you ──33.0 ms── Lab One ──8.0 ms── lab-game",
        "● you ──36.0 ms── Amsterdam 1 ── Lab One ──8.0 ms── lab-game",
        "◌ you (wwan0) ──? ms── Lab One ──8.0 ms── lab-game",
        "○ standby exit Lab Two: ready",
    ]
    assert words.hops(off_document(datetime.now(UTC))) == ["no relay chosen yet"]


def test_a_lane_names_its_way_its_role_and_its_figures() -> None:
    assert [words.lane(path)[:2] for path in MULTIPATH.paths] == [
        ("0 straight", "▲ silent, copies"),
        ("1 via Amsterdam 1", "● in use, first"),
        ("2 over wwan0", "◌ being opened"),
    ]
    assert words.lane(MULTIPATH.paths[0])[2:] == ("33.0 ms", "40.0 ms", "0.5/1.3", "1.0/2.0 %", "1.2 MB/0.9 kB")
    assert words.lane(MULTIPATH.paths[2])[2:6] == ("? ms", "? ms", "?/?", "?/? %")


def test_the_verdict_is_honest() -> None:
    assert words.verdict(MULTIPATH) == "gain 16.6 ms"
    assert words.verdict(STATUS) == "the direct way is not measured yet"
    assert MULTIPATH.comparison is not None
    worse = msgspec.structs.replace(MULTIPATH.comparison, gain_ms=-4.0, verdict="direct", estimated=True)
    assert words.verdict(msgspec.structs.replace(MULTIPATH, comparison=worse)) == (
        "4.0 ms slower, new connections go direct, estimated"
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
