"""A tunnel's status as the one line of a status bar. Pure: a status document in, text out."""

import string
from dataclasses import dataclass
from typing import Final, Literal

from plg.cli.language import N_, _
from plg.cli.status_text import CARRYING, state_word, status_page
from plg.contract.cli_output import StatusDocument
from plg.tunnel.states import CONNECTED, OFF, RECONNECTING

Level = Literal["off", "good", "degraded", "waiting"]

FORMATS: Final = ("plain", "tmux", "waybar", "obs", "json")
MAX_TEMPLATE_CHARS: Final = 1000
"""Implementation. A status bar has one line."""
SILENT: Final = "silent"
"""The state of a tunnel that is there and does not answer: no state of plg.status/1, since nobody gave one."""

FIELDS: Final = {
    "state": N_("the state, in the person's language"),
    "symbol": N_("a dot: filled when connected, half when degraded, empty otherwise"),
    "game": N_("the game"),
    "relay": N_("the relay in use"),
    "ping": N_("the whole way now, in ms; to the relay where the rest is not known"),
    "direct": N_("the direct way now, in ms"),
    "gain": N_("direct minus now, in ms"),
    "jitter": N_("the jitter of the first way, in ms"),
    "loss": N_("the loss of the first way, in percent"),
    "saved": N_("packets that a copy saved"),
    "ratio": N_("bytes sent for each byte of the game's"),
    "ways": N_("how many ways carry packets"),
    "uptime": N_("how long the tunnel has run, as 1:02:03"),
    "mode": N_("off, redundant or adaptive"),
}
"""What a template may name. Unknown values are shown as "?"."""

_SYMBOLS: dict[Level, str] = {"off": "○", "good": "●", "degraded": "◐", "waiting": "○"}
_TMUX_COLOURS: dict[Level, str] = {"off": "default", "good": "green", "degraded": "yellow", "waiting": "cyan"}


class BadTemplate(Exception):
    """The template names a field that there is not, or is none; `nearest` is what may have been meant."""

    def __init__(self, what: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class Line:
    """One moment. `tooltip` has several lines."""

    state: str
    level: Level
    text: str
    tooltip: str
    fields: dict[str, str]


def check_template(template: str) -> None:
    """Raises BadTemplate. Only plain names in braces: nothing that reaches into objects or pads to a great width."""
    if len(template) > MAX_TEMPLATE_CHARS or not template.isprintable():
        raise BadTemplate(template[:40])
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise BadTemplate(template) from error
    for _text, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in FIELDS:
            from difflib import get_close_matches

            raise BadTemplate(name, tuple(get_close_matches(name, FIELDS)))
        if spec or conversion:
            raise BadTemplate(name)


def make_line(status: StatusDocument | None, template: str | None, when_off: str | None) -> Line:
    """The line of a status; None is a tunnel that does not answer. The template is checked already."""
    if status is None:
        fields = dict.fromkeys(FIELDS, "?") | {"symbol": _SYMBOLS["waiting"]}
        return Line(SILENT, "waiting", _("plg does not answer"), _("The running tunnel does not answer."), fields)
    level = level_of(status)
    fields = field_values(status, level)
    if status.state == OFF:
        text = when_off if when_off is not None else _("plg off")
    elif template is not None:
        text = template.format_map(fields)
    else:
        text = _usual_text(status, fields)
    return Line(status.state, level, text, status_page(status), fields)


def level_of(status: StatusDocument) -> Level:
    """How it goes, in one word."""
    if status.state == OFF:
        return "off"
    prefers_direct = status.comparison is not None and status.comparison.verdict == "direct"
    if status.state == RECONNECTING or (status.state == CONNECTED and (status.degraded_because or prefers_direct)):
        return "degraded"
    return "good" if status.state == CONNECTED else "waiting"


def field_values(status: StatusDocument, level: Level) -> dict[str, str]:
    """Every field of FIELDS."""
    path = next((one for one in status.paths if one.is_primary), status.paths[0] if status.paths else None)
    comparison, redundancy = status.comparison, status.redundancy
    ping_ms = comparison.now_ms if comparison is not None else None
    if ping_ms is None and path is not None and path.rtt_ms is not None:
        ping_ms = path.rtt_ms + ((status.relay.game_leg_ms if status.relay else None) or 0.0)
    return {
        "state": state_word(status.state),
        "symbol": _SYMBOLS[level],
        "game": status.game or "?",
        "relay": status.relay.name if status.relay is not None else "?",
        "ping": _number(ping_ms),
        "direct": _number(comparison.direct_ms if comparison is not None else None),
        "gain": _number(comparison.gain_ms if comparison is not None else None),
        "jitter": _worst(1, path.jitter_up_ms, path.jitter_down_ms) if path is not None else "?",
        "loss": _worst(1, path.loss_up_percent, path.loss_down_percent) if path is not None else "?",
        "saved": str(redundancy.saved_up + redundancy.saved_down) if redundancy is not None else "?",
        "ratio": _worst(1, redundancy.bytes_ratio_up, redundancy.bytes_ratio_down) if redundancy is not None else "?",
        "ways": str(sum(one.state in CARRYING for one in status.paths)),
        "uptime": _clock(status.uptime_s),
        "mode": redundancy.mode if redundancy is not None else "?",
    }


def in_format(line: Line, form: str) -> str:
    """The line as `tmux`, `waybar`, `obs` or `plain` want it."""
    if form == "waybar":
        import json

        return json.dumps(
            {"text": _pango(line.text), "tooltip": _pango(line.tooltip), "class": line.level, "alt": line.state}
        )
    if form == "obs" or not line.text:
        return line.text
    marked = f"{line.fields['symbol']} {line.text}"
    if form == "tmux":
        return f"#[fg={_TMUX_COLOURS[line.level]}]{_for_tmux(marked)}#[default]"
    return marked


def _usual_text(status: StatusDocument, fields: dict[str, str]) -> str:
    parts = [fields["game"]]
    if status.state != CONNECTED:
        return " ".join([*parts, fields["state"]])
    if fields["direct"] != "?" and fields["ping"] != "?":
        parts.append(_("{ping} ms, direct {direct} ms").format(**fields))
    elif fields["ping"] != "?":
        parts.append(_("{ping} ms").format(**fields))
    return " ".join(parts)


def _for_tmux(text: str) -> str:
    """tmux(1), FORMATS: a doubled sign is the sign itself, so that no name from outside can start a style or a command."""
    return text.replace("#", "##")


def _pango(text: str) -> str:
    """Waybar reads Pango markup: what is no markup is written as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}"


def _worst(digits: int, *values: float | None) -> str:
    known = [value for value in values if value is not None]
    return f"{max(known):.{digits}f}" if known else "?"


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
