"""A running tunnel's status in the words and lines of the session screen. Pure; every line is plain text."""

from dataclasses import dataclass
from typing import Final

from plg.cli.language import _, ngettext
from plg.cli.output import safe_text
from plg.cli.status_text import CARRYING, bytes_text, mode_word, path_word, state_word
from plg.contract.cli_output import PathView, RedundancyView, StatusDocument
from plg_tui.live_history import Figures

_SIGNS: Final = {"connected": "●", "established": "●", "active": "●", "standby": "○", "suspect": "▲", "dead": "✕"}
_SIGN_ELSE: Final = "◌"
"""A sign beside the word: neither colour nor word alone."""


@dataclass(frozen=True, slots=True)
class Overhead:
    """What the tunnel's own process costs; None where the system does not say."""

    cpu_percent: float | None
    memory_mb: float | None


def sign(state: str) -> str:
    """Of a session or a way."""
    return _SIGNS.get(state, _SIGN_ELSE)


def clock(seconds: float) -> str:
    """H:MM:SS"""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def ms(value: float | None) -> str:
    """Milliseconds for a person; a question mark where nothing is known."""
    if value is None:
        return _("? ms")
    return _("{n} ms").format(n=f"{value:.0f}" if value >= 99.95 else f"{value:.1f}")


def heading(status: StatusDocument) -> str:
    """State, game, session clock, how many routes carry."""
    parts = [f"{sign(status.state)} {state_word(status.state)}"]
    if status.game:
        parts.append(safe_text(status.game))
    if status.uptime_s is not None:
        parts.append(clock(status.uptime_s))
    active = sum(path.state in CARRYING for path in status.paths)
    if active:
        parts.append(ngettext("{n} route active", "{n} routes active", active).format(n=active))
    if status.capture:
        parts.append(_("capture {way}").format(way=safe_text(status.capture)))
    return "   ".join(parts)


def legend(name: str, figures: Figures) -> str:
    """One line of the graph in figures."""
    return _("{name} {now} (mean {mean}, p95 {p95})").format(
        name=name, now=ms(figures.now_ms), mean=ms(figures.mean_ms), p95=ms(figures.p95_ms)
    )


def verdict(status: StatusDocument) -> str:
    """With and without the booster, the difference, and how sure that is."""
    found = status.comparison
    if found is None or found.gain_ms is None:
        return _("Without PLG: not measured yet")
    difference = _("{n} better") if found.gain_ms >= 0 else _("{n} worse")
    text = _("Now {now}, without PLG {direct}: {difference}").format(
        now=ms(found.now_ms), direct=ms(found.direct_ms), difference=difference.format(n=ms(abs(found.gain_ms)))
    )
    if found.verdict == "direct":
        text += ", " + _("new connections go direct")
    if found.estimated:
        text += ", " + _("estimated")
    return text


def lane_titles(*, wide: bool) -> tuple[str, ...]:
    """The columns of `lane`."""
    if wide:
        return (
            _("Way"),
            _("State"),
            _("Now"),
            _("RTT"),
            _("p95"),
            _("Jitter up/down"),
            _("Loss up/down"),
            _("Sent/received"),
        )
    return (_("Way"), _("State"), _("Now"), _("RTT"), _("Jitter"), _("Loss"))


def lane(path: PathView, name: str, strip: str, *, wide: bool) -> tuple[str, ...]:
    """One way's row; the narrow one has the worse of both directions."""
    role = _("first") if path.is_primary else _("copies") if path.state in CARRYING else ""
    state = f"{sign(path.state)} {path_word(path.state)}"
    begin = (f"{path.path} {name}", f"{state}, {role}" if role else state, strip, ms(path.rtt_ms))
    if not wide:
        loss = _worse(path.loss_up_percent, path.loss_down_percent)
        return (*begin, _worse(path.jitter_up_ms, path.jitter_down_ms), f"{loss} %")
    return (
        *begin,
        ms(path.rtt_ms_p95),
        f"{_number(path.jitter_up_ms)}/{_number(path.jitter_down_ms)}",
        f"{_number(path.loss_up_percent)}/{_number(path.loss_down_percent)} %",
        f"{bytes_text(path.bytes_up)}/{bytes_text(path.bytes_down)}",
    )


def bought(redundancy: RedundancyView | None) -> str:
    """What the copies brought, and their price in bytes."""
    if redundancy is None:
        return _("no copies: one way at a time")
    saved = redundancy.saved_up + redundancy.saved_down
    lost = redundancy.lost_up + redundancy.lost_down
    text = ngettext("{n} packet saved", "{n} packets saved", saved).format(n=saved)
    return _("{mode}: {saved}, {lost} lost, bytes x{up} up x{down} down").format(
        mode=mode_word(redundancy.mode),
        saved=text,
        lost=lost,
        up=f"{redundancy.bytes_ratio_up:.2f}",
        down=f"{redundancy.bytes_ratio_down:.2f}",
    )


def traffic(status: StatusDocument) -> str:
    """Packets and bytes of the game, and what did not go through the tunnel."""
    found = status.traffic
    if found is None:
        return _("no packets yet")
    text = _("packets {up} up {down} down, {bytes_up} up {bytes_down} down, leaked {leaked}").format(
        up=found.packets_up,
        down=found.packets_down,
        bytes_up=bytes_text(found.bytes_up),
        bytes_down=bytes_text(found.bytes_down),
        leaked=found.leaked,
    )
    if found.direct:
        text += ", " + _("straight {n}").format(n=found.direct)
    return text


def overhead_text(overhead: Overhead) -> str:
    """The tunnel's own cost on this machine."""
    if overhead.memory_mb is None:
        return _("own cost not known here")
    return _("tunnel's own cost: {cpu} % of a core, {memory} MB").format(
        cpu="?" if overhead.cpu_percent is None else f"{overhead.cpu_percent:.1f}", memory=f"{overhead.memory_mb:.0f}"
    )


def remarks(status: StatusDocument) -> list[str]:
    """What a player should know now."""
    found = []
    if status.exit_switches:
        count = status.exit_switches
        text = ngettext("the exit was lost and changed {n} time", "the exit was lost and changed {n} times", count)
        found.append(text.format(n=count))
    if status.degraded_because:
        found.append(_("fewer ways than asked for: {why}").format(why=safe_text(status.degraded_because)))
    if status.message:
        found.append(_message(status.message))
    return found


def _message(text: str) -> str:
    """The tunnel says in English what it says to programs; the sentences that are known are translated."""
    start, _space, address = text.rpartition(" ")
    if start == "point the game at":
        return _("Let the game connect to {address}").format(address=safe_text(address))
    if text == "leaves when the match is over":
        return _("The tunnel leaves when the match is over.")
    return safe_text(text)


def _worse(*values: float | None) -> str:
    known = [value for value in values if value is not None]
    return _number(max(known, default=None))


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
