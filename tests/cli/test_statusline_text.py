"""The line of a status bar, without a tunnel."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from plg.cli.statusline_text import FIELDS, BadTemplate, check_template, field_values, in_format, level_of, make_line
from plg.contract.cli_output import ComparisonView, StatusDocument
from plg.tunnel.states import off_document
from support.talking_tunnel import MULTIPATH, STATUS

OFF = off_document(datetime(2026, 1, 2, tzinfo=UTC))


def changed(**fields: object) -> StatusDocument:
    return msgspec.structs.replace(MULTIPATH, **fields)


def test_the_usual_line_says_what_it_brings() -> None:
    assert in_format(make_line(MULTIPATH, None, None), "plain") == "● lab-game 41 ms, direct 58 ms"
    assert in_format(make_line(STATUS, None, None), "plain") == "● lab-game 20 ms"
    assert in_format(make_line(changed(state="connecting"), None, None), "plain") == "○ lab-game connecting"


def test_off_is_a_line_of_its_own_choice() -> None:
    assert in_format(make_line(OFF, "{game}", None), "plain") == "○ plg off"
    assert in_format(make_line(OFF, None, "-"), "obs") == "-"
    assert in_format(make_line(OFF, None, ""), "tmux") == ""
    assert in_format(make_line(None, "{game}", ""), "plain") == "○ plg does not answer"


@pytest.mark.parametrize(
    ("status", "level"),
    [
        (OFF, "off"),
        (MULTIPATH, "good"),
        (changed(degraded_because="one relay"), "degraded"),
        (changed(state="reconnecting"), "degraded"),
        (changed(comparison=ComparisonView(now_ms=50.0, direct_ms=40.0, gain_ms=-10.0, verdict="direct")), "degraded"),
        (changed(state="stopping"), "waiting"),
    ],
)
def test_the_level_is_one_word(status: StatusDocument, level: str) -> None:
    assert level_of(status) == level


def test_every_field_can_be_shown() -> None:
    template = " ".join(f"{{{name}}}" for name in FIELDS)
    check_template(template)
    assert (
        make_line(MULTIPATH, template, None).text
        == "connected ● lab-game Lab One 41 58 17 0.6 0.0 312 1.3 2 0:01:01 redundant"
    )
    assert set(field_values(OFF, "off")) == set(FIELDS)
    assert make_line(MULTIPATH, "{{{ping}}}", None).text == "{41}"


@pytest.mark.parametrize(
    "template",
    ["{pin}", "{}", "{0}", "{ping.real}", "{ping[0]}", "{ping!r}", "{ping:>99999999}", "{ping", "ping}", "a\nb", "\x1b[2J", "x" * 1001],
)  # fmt: skip
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(BadTemplate):
        check_template(template)


def test_a_name_from_outside_cannot_steer_a_bar() -> None:
    evil = make_line(changed(game="#(reboot)<b>&#[fg=red]"), "{game}", None)
    assert in_format(evil, "tmux") == "#[fg=green]● ##(reboot)<b>&##[fg=red]#[default]"
    bar = json.loads(in_format(evil, "waybar"))
    assert bar["text"] == "#(reboot)&lt;b&gt;&amp;#[fg=red]"


def test_waybar_gets_text_tooltip_and_class() -> None:
    bar = json.loads(in_format(make_line(MULTIPATH, None, None), "waybar"))
    assert (bar["text"], bar["class"], bar["alt"]) == ("lab-game 41 ms, direct 58 ms", "good", "connected")
    assert "standby exit Lab Two" in bar["tooltip"]
    assert len(bar["tooltip"].splitlines()) > 3
