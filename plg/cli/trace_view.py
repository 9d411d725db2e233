"""Two routes side by side: the direct one and the one through PLG, as two lanes of a terminal."""

import shutil
from collections.abc import Mapping
from itertools import zip_longest
from statistics import median
from typing import Final

from plg.cli.explain_view import verdict_line
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.cli.node_view import milliseconds
from plg.cli.output import safe_text
from plg.cli.route_finding import FoundRoutes
from plg.contract.cli_output_routes import HopView, LaneView, TraceDocument
from plg.probe.route_trace import RouteTrace

COLUMNS: Final = 80
LANE_COLUMNS: Final = 38
"""Two of them and the line between fit into 80 columns."""
SEPARATOR: Final = " | "
TIME_COLUMNS: Final = 7


def show_traces(
    run: Invocation, found: FoundRoutes, direct: RouteTrace, boosted: RouteTrace | None, names: Mapping[str, str]
) -> None:
    """`boosted` is the way to the chosen relay, None without one; `names` are those of addresses, as far as they are known."""
    document = trace_document(found, direct, boosted, names)
    if run.output.as_json:
        run.output.document(document)
        return
    lanes = [_lane(document.direct)]
    if document.boosted is not None:
        lanes.append(_lane(document.boosted))
    columns = shutil.get_terminal_size((COLUMNS, 24)).columns
    for line in side_by_side(lanes) if columns >= COLUMNS else stacked(lanes):
        run.output.line(line)
    run.output.line()
    if document.boosted is None:
        run.output.line(_("No relay can be used: the game stays on its direct way."))
    else:
        run.output.line(verdict_line(found))


def trace_document(
    found: FoundRoutes, direct: RouteTrace, boosted: RouteTrace | None, names: Mapping[str, str]
) -> TraceDocument:
    """Both lanes with everything that is known."""
    chosen = found.order.chosen
    boosted_lane = None
    if chosen is not None and boosted is not None:
        candidate = found.candidate(chosen.node_id)
        boosted_lane = LaneView(
            way="boosted",
            host=boosted.host,
            address=boosted.address,
            method=boosted.method,
            hops=_hop_views(boosted, names, "relay"),
            reached=boosted.reached,
            node_id=chosen.node_id,
            node_name=candidate.name,
            game_leg_ms=candidate.game_leg_ms,
            game_leg_estimated=candidate.game_leg_estimated,
            total_ms=found.boosted_ms,
        )
    return TraceDocument(
        game=found.game.slug,
        target=str(found.target) if found.target is not None else None,
        direct=LaneView(
            way="direct",
            host=direct.host,
            address=direct.address,
            method=direct.method,
            hops=_hop_views(direct, names, "end"),
            reached=direct.reached,
            total_ms=found.direct.rtt_ms,
        ),
        boosted=boosted_lane,
    )


def side_by_side(lanes: list[list[str]]) -> list[str]:
    """Lanes next to each other, at most COLUMNS wide."""
    return [
        SEPARATOR.join(f"{part:<{LANE_COLUMNS}}" for part in row).rstrip() for row in zip_longest(*lanes, fillvalue="")
    ]


def stacked(lanes: list[list[str]]) -> list[str]:
    """Lanes below each other, for a narrow terminal."""
    return [line for number, lane in enumerate(lanes) for line in ([""] if number else []) + lane]


def _hop_views(trace: RouteTrace, names: Mapping[str, str], end: str) -> list[HopView]:
    return [
        HopView(
            number=hop.number,
            kind=end if trace.reached and hop is trace.hops[-1] else "hop",
            address=hop.address,
            name=names.get(hop.address or ""),
            rtts_ms=[round(rtt_ms, 3) for rtt_ms in hop.rtts_ms],
            sent=hop.sent,
        )
        for hop in trace.hops
    ]


def _lane(view: LaneView) -> list[str]:
    """One lane, each line at most LANE_COLUMNS wide."""
    if view.way == "direct":
        lines = [_cut(_("Direct to {host}").format(host=view.host)), _("you")]
    else:
        lines = [_cut(_("Through {name}").format(name=view.node_name)), _("you")]
    lines += [_hop_line(hop) for hop in view.hops]
    if not view.reached:
        silent = _("the game's host stays silent") if view.way == "direct" else _("the relay stays silent")
        lines.append(_cut(f"  ?  {silent}"))
    if view.way == "boosted":
        leg = milliseconds(view.game_leg_ms) or "?"
        mark = "~" if view.game_leg_estimated else ""
        lines += ["     :", _timed(_("  :  its own way to the game"), mark + leg), "     :"]
    lines.append(_timed(_("game, the whole way"), milliseconds(view.total_ms) or "?"))
    return lines


def _hop_line(hop: HopView) -> str:
    if hop.address is None:
        return f"{hop.number:>3}  *"
    who = hop.name or hop.address
    if hop.kind == "relay":
        who = _("relay {address}").format(address=who)
    return _timed(f"{hop.number:>3}  {who}", milliseconds(median(hop.rtts_ms)) if hop.rtts_ms else "")


def _timed(text: str, time_text: str) -> str:
    """The time stands to the right; a long name before it is cut in the middle."""
    room = LANE_COLUMNS - TIME_COLUMNS - 1
    return f"{_cut(text, room):<{room}} {time_text:>{TIME_COLUMNS}}"


def _cut(text: str, room: int = LANE_COLUMNS) -> str:
    """At most `room` letters: both ends of a name say most."""
    shown = safe_text(text)
    if len(shown) <= room:
        return shown
    tail = (room - 2) // 2
    return f"{shown[: room - 2 - tail]}..{shown[len(shown) - tail :]}"
