"""The session in sentences."""

import re

import msgspec
import pytest

from plg.cli.language import Language, speak
from plg_tui.plain_words import changes, summary
from support.talking_tunnel import MULTIPATH, STATUS


def test_a_new_tunnel_is_introduced() -> None:
    assert changes(None, MULTIPATH) == [
        "lab-game: connected.",
        "Way 0, straight: silent.",
        "Way 1, via Amsterdam 1: in use, first.",
        "Way 2, over wwan0: being opened.",
        "PLG is better than the direct way.",
        "The exit was lost and changed 1 time.",
    ]


def test_numbers_alone_are_no_change() -> None:
    paths = [msgspec.structs.replace(path, rtt_ms=99.0, loss_up_percent=5.0) for path in MULTIPATH.paths]
    assert changes(MULTIPATH, msgspec.structs.replace(MULTIPATH, paths=paths, uptime_s=500.0)) == []


def test_what_changes_is_said_once() -> None:
    dead = [msgspec.structs.replace(MULTIPATH.paths[0], state="dead"), MULTIPATH.paths[1]]
    assert MULTIPATH.comparison is not None
    comparison = msgspec.structs.replace(MULTIPATH.comparison, verdict="direct")
    later = msgspec.structs.replace(
        MULTIPATH, state="reconnecting", paths=dead, standby=None, comparison=comparison, message="something new"
    )
    assert changes(MULTIPATH, later) == [
        "lab-game: reconnecting.",
        "Way 0, straight: dead.",
        "Way 2 is gone.",
        "There is no standby exit any more.",
        "The direct way is better now: new connections go direct.",
        "Something new.",
    ]
    assert changes(later, later) == []


def test_another_exit_and_the_end_are_said() -> None:
    assert STATUS.relay is not None
    other = msgspec.structs.replace(STATUS, relay=msgspec.structs.replace(STATUS.relay, name="Lab Two"))
    assert changes(STATUS, other) == ["The exit relay is now Lab Two."]
    assert changes(STATUS, None) == ["The tunnel has ended."]
    assert changes(None, None) == []


def test_the_summary_is_one_line() -> None:
    assert summary(MULTIPATH) == (
        "lab-game: connected. Ping 41 milliseconds, without PLG it would be 58. Lost packets: 0.0 percent. "
        "2 routes active. 312 packets saved. 1 minute so far."
    )
    assert summary(STATUS).startswith("lab-game: connected. Ping 20 milliseconds. ")


@pytest.mark.parametrize("language", list(Language))
def test_no_sign_that_a_screen_reader_stumbles_over(language: Language) -> None:
    speak(language)
    said = " ".join([*changes(None, MULTIPATH), *changes(MULTIPATH, STATUS), summary(MULTIPATH)])
    assert re.search(r"[^\w\s.,:;'/()-]", said) is None, said


def test_names_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in summary(msgspec.structs.replace(STATUS, game="a\x1b[2J"))
