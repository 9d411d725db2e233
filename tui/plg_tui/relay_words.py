"""A relay in the words and figures of the relays' table. Pure; every text is plain and safe to show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plg.cli.explain_view import exit_explanation, verdict_line
from plg.cli.language import N_, _, ngettext
from plg.cli.node_view import leg_text, milliseconds
from plg.cli.output import safe_text
from plg.cli.route_finding import FoundRoutes
from plg.contract.nodes import NodeState
from plg_tui.graph_drawing import Marks
from plg_tui.live_strip import strip
from plg_tui.relay_board import RelayLine, SortBy

NARROW_STRIP: Final = 7
WIDE_STRIP: Final = 12
"""Implementation. Cells of the live strip: a round of pings each."""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """`sort_by` is None for what nobody sorts by."""

    title: str
    width: int
    sort_by: SortBy | None
    right: bool = False


def columns(*, wide: bool, for_game: bool) -> list[TableColumn]:
    """Within 80 cells when not wide, within 118 when wide, a cell of space at each side of a column and a scroll bar."""
    found = [
        TableColumn(_("Relay"), 18 if wide else 14, SortBy.NAME),
        TableColumn(_("Place"), 14 if wide else 11, SortBy.PLACE),
        TableColumn(_("Ping"), 10, SortBy.PING, right=True),
        TableColumn(_("Now"), WIDE_STRIP if wide or not for_game else NARROW_STRIP, None),
        TableColumn(_("Loss"), 6, SortBy.LOSS, right=True),
        TableColumn(_("Load"), 8, SortBy.LOAD, right=True),
    ]
    if wide:
        found.insert(4, TableColumn(_("Jitter"), 7, SortBy.JITTER, right=True))
    if for_game:
        found.append(TableColumn(_("Whole way"), 9, SortBy.WHOLE_WAY, right=True))
    if wide:
        found.append(TableColumn(_("State"), 16, None))
    return found


def titled(column: TableColumn, sort_by: SortBy, *, reverse: bool) -> str:
    """The column's title, with a sign when the table is sorted by it."""
    title = column.title
    if column.sort_by is sort_by:
        return f"{'▼' if reverse else '▲'}{title[: column.width - 1]}".rjust(column.width if column.right else 0)
    return title[: column.width].rjust(column.width if column.right else 0)


def cells(line: RelayLine, shown: Sequence[TableColumn], marks: Marks) -> list[str]:
    """One row, a text for each column, none wider than its column."""
    row = line.row
    wide = any(column.title == _("State") for column in shown)
    place = ", ".join(part for part in (row.city, row.country) if part) if wide else row.city or row.country
    known = {
        _("Relay"): f"{sign(line)} {safe_text(row.name)}",
        _("Place"): safe_text(place),
        _("Ping"): _("no answer") if line.answers is False else milliseconds(row.rtt_ms),
        _("Jitter"): milliseconds(row.jitter_ms),
        _("Loss"): "" if row.loss_percent is None else _percent(row.loss_percent),
        _("Load"): _percent(row.load_percent),
        _("Whole way"): whole_way(line),
        _("State"): state_word(line),
    }
    found = []
    for column in shown:
        if column.sort_by is None and column.title == _("Now"):
            text = strip(line.strip_ms, column.width, marks)
        else:
            text = known[column.title]
        text = text if len(text) <= column.width else f"{text[: column.width - 1]}…"
        found.append(text.rjust(column.width) if column.right else text)
    return found


def sign(line: RelayLine) -> str:
    """★ the one that plg connect would take, ● up, ▲ closing down or full, ✕ no answer, ◌ not measured yet."""
    if line.answers is False:
        return "✕"
    if line.node.state is not NodeState.UP:
        return "▲"
    if line.is_chosen:
        return "★"
    return "◌" if line.answers is None else "●"


def state_word(line: RelayLine) -> str:
    """The same in a word."""
    if line.answers is False:
        return _("no answer")
    if line.node.state is not NodeState.UP:
        return {NodeState.DRAINING: _("closing down"), NodeState.FULL: _("full")}[line.node.state]
    return _("best") if line.is_chosen else _("up")


def whole_way(line: RelayLine) -> str:
    """The whole way to the game; marked where the relay's part only stands for it."""
    if line.whole_ms is None:
        return "?"
    leg = line.node.game_leg
    return f"{'~' if leg is not None and leg.estimated else ''}{milliseconds(line.whole_ms)}"


def count(lines: Sequence[RelayLine]) -> str:
    """How many relays there are, and how many of them answer."""
    answering = sum(line.answers is True for line in lines)
    text = ngettext("{n} relay", "{n} relays", len(lines)).format(n=len(lines))
    return text if not any(line.answers is not None for line in lines) else text + _(", {n} answer").format(n=answering)


def about(line: RelayLine, found: FoundRoutes | None) -> list[str]:
    """The relay under the cursor: its state, its ways, and why it won or lost."""
    row = line.row
    place = ", ".join(safe_text(part) for part in (row.city, row.country) if part)
    words = [f"{sign(line)} {safe_text(row.name)}"]
    words += [place] if place else []
    words.append(state_word(line))
    if row.jitter_ms is not None:
        words.append(_("jitter {time}").format(time=milliseconds(row.jitter_ms)))
    words.append(_("players {n}/{most}").format(n=line.node.sessions, most=line.node.max_sessions))
    lines = ["   ".join(words)]
    if line.whole_ms is not None:
        way = _("Now: {own} to it + {leg} on to the game = {whole}").format(
            own=milliseconds(row.rtt_ms), leg=leg_text(line.node), whole=whole_way(line)
        )
        lines.append(way + gain(line))
    why = [safe_text(text) for text in exit_explanation(found, line.node.id)] if found is not None else []
    if why:
        lines += [_("Why: {words}").format(words=why[0]), *(f"  {text}" for text in why[1:])]
    return lines


def gain(line: RelayLine) -> str:
    """What that is beside the direct way."""
    if line.gain_ms is None:
        return ""
    text = N_(", {n} less than direct") if line.gain_ms >= 0 else N_(", {n} more than direct")
    return _(text).format(n=milliseconds(abs(line.gain_ms)))


def verdict(found: FoundRoutes) -> str:
    """What plg connect would do for this game, in one sentence."""
    return safe_text(verdict_line(found))


def _percent(value: float) -> str:
    return f"{value:.0f} %" if value >= 10 or value == round(value) else f"{value:.1f} %"
