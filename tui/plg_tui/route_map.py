"""The route drawn as a map of hops: you, the ways side by side as lanes, the exit relay, the game; each leg with its milliseconds. Pure.

you ┬─▲ straight ──────── 33.0 ms ─┬─ Frankfurt 1 ─ 8.0 ms ─ openarena
    └─● via Amsterdam 1 ─ 36.0 ms ─┘
"""

from typing import Final

from rich.cells import cell_len, set_cell_size

from plg.cli.language import _
from plg.cli.output import safe_text
from plg.cli.status_text import standby_word
from plg.contract.cli_output import PathView, StatusDocument
from plg_tui.graph_drawing import Marks
from plg_tui.session_words import ms, sign

MOST_LANES: Final = 6
"""Implementation. More ways than this are counted, not drawn."""
LEAST_NAME: Final = 6
MOST_NAME: Final = 24
"""Implementation. Cells of a relay's, an interface's or a game's name on the map."""

JOINTS: Final = 20
"""Implementation. Cells of the first lane that are lines, forks, signs and spaces."""

_LINES: Final = {False: "─┬├└┤┘", True: "-++++'"}
"""A line, then the forks: first, middle, last; and how they come together again: middle, last. With boxes, and in ASCII."""


def route_map(status: StatusDocument, width: int, marks: Marks) -> list[str]:
    """Lines of at most `width` cells; the standby exit stands under them."""
    relay = status.relay
    if relay is None:
        return [_("no relay chosen yet")]
    line, *forks = list(_LINES[marks is Marks.ASCII])
    shown = status.paths[:MOST_LANES]
    names = [way_name(path) for path in shown] or [""]
    figures = [ms(path.rtt_ms) for path in shown] or [ms(None)]
    exit_name = f"{safe_text(relay.name)} {safe_text(relay.country)}".strip()
    ends = [exit_name, safe_text(status.game or "?")]
    leg = ms(relay.game_leg_ms)
    start = _("you")
    room = width - cell_len(start) - JOINTS - max(map(cell_len, figures)) - cell_len(leg)
    longest = max(map(cell_len, names))
    sizes = _shared(room, [longest, *map(cell_len, ends)])
    names = [_cut(name, sizes[0]) for name in names]
    exit_name, game = (_cut(end, size) for end, size in zip(ends, sizes[1:], strict=True))
    lane_name, lane_ms = max(map(cell_len, names)), max(map(cell_len, figures))
    lines = []
    for place, (name, figure) in enumerate(zip(names, figures, strict=True)):
        middle = f"{name} {line * (lane_name - cell_len(name) + lane_ms - cell_len(figure) + 2)} {figure} {line}"
        state = sign(shown[place].state) if shown else "◌"
        is_first, is_last = place == 0, place == len(names) - 1
        fork = line if is_first and is_last else forks[0] if is_first else forks[2] if is_last else forks[1]
        join = line if is_first and is_last else forks[0] if is_first else forks[4] if is_last else forks[3]
        head = f"{start} " if is_first else " " * (cell_len(start) + 1)
        tail = f"{line} {exit_name} {line} {leg} {line} {game}" if is_first else ""
        lines.append(f"{head}{fork}{line}{state} {middle}{join}{tail}")
    if len(status.paths) > len(shown):
        lines.append(" " * (cell_len(start) + 1) + f"+{len(status.paths) - len(shown)}")
    if status.standby is not None:
        text = _("standby exit {name}: {state}")
        name = safe_text(status.standby.name)
        said = text.format(name=name, state=standby_word(status.standby.state))
        lines.append(_cut(" " * (cell_len(start) + 3) + f"{sign('standby')} {said}", width))
    return lines


def way_name(path: PathView) -> str:
    """What the way leads over."""
    via = safe_text(path.via or "?")
    if path.kind == "interface":
        return _("over {via}").format(via=via)
    return _("straight") if path.kind == "direct" else _("via {via}").format(via=via)


def _shared(room: int, wishes: list[int]) -> list[int]:
    """Cells for each name: as wished where there is room, else the longest give first."""
    sizes = [min(wish, MOST_NAME) for wish in wishes]
    while sum(sizes) > room and max(sizes) > LEAST_NAME:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else f"{set_cell_size(text, max(0, width - 1)).rstrip()}…"
