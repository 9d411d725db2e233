"""Relays on a terminal and as a document."""

from collections.abc import Sequence

import msgspec

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _
from plg.cli.output import Column
from plg.cli.route_finding import FoundRoutes
from plg.contract.cli_output import NodeRow, NodesDocument
from plg.contract.nodes import Node, NodeState
from plg.probe.node_ranking import RankedNode

_STATES = {NodeState.UP: N_("up"), NodeState.DRAINING: N_("closing down"), NodeState.FULL: N_("full")}


def node_row(entry: RankedNode) -> NodeRow:
    """A relay as the server sees it and as it was measured from here; what is not known is null."""
    node, ping = entry.node, entry.ping
    leg_is_known = node.game_leg is not None and node.game_leg.rtt_ms is not None
    return NodeRow(
        id=node.id,
        name=node.name,
        country=node.country,
        city=node.city,
        state=node.state.value,
        load_percent=node.load_percent,
        rtt_ms=ping.rtt_ms if ping else None,
        jitter_ms=ping.jitter_ms if ping else None,
        loss_percent=ping.loss_percent if ping else None,
        total_ms=entry.total_ms if leg_is_known else None,
        game_leg=node.game_leg,
    )


def show_nodes(run: Invocation, ranked: Sequence[RankedNode], *, for_game: bool) -> None:
    """A row per relay, best first; `for_game` adds the relay's own way to the game and the whole way."""
    if run.output.as_json:
        run.output.document(NodesDocument(nodes=[node_row(entry) for entry in ranked]))
        return
    if not ranked:
        run.talk.say(_("No relay is up. An operator starts one with: plg relay run"))
        return
    measured = any(entry.ping is not None for entry in ranked)
    columns = [
        Column(_("Relay")),
        Column(_("Name")),
        Column(_("Place")),
        Column(_("State")),
        Column(_("Load"), right=True),
    ]
    if measured:
        columns += [Column(_("Ping"), right=True), Column(_("Lost"), right=True)]
    if for_game:
        columns.append(Column(_("To the game"), right=True))
    if measured and for_game:
        columns.append(Column(_("Whole way"), right=True))
    run.output.table(columns, [_cells(entry, measured=measured, for_game=for_game) for entry in ranked])
    if not measured:
        run.talk.say(_("Pings are measured once you are logged in: plg login"))


def show_nodes_for(run: Invocation, found: FoundRoutes) -> None:
    """Every relay with its whole way to the game beside the direct way, best first, and which one would be chosen."""
    order = [entry.node_id for entry in found.order.exits]
    by_id = {entry.node.id: entry for entry in found.survey.ranked}
    ranked = [by_id.pop(node_id) for node_id in order if node_id in by_id] + list(by_id.values())
    rows = [_row_for(found, entry) for entry in ranked]
    chosen = found.order.chosen
    if run.output.as_json:
        run.output.document(
            NodesDocument(
                nodes=rows,
                game=found.game.slug,
                target=str(found.target) if found.target is not None else None,
                direct_ms=found.direct.rtt_ms,
                chosen=chosen.node_id if chosen is not None else None,
                verdict=found.verdict,
            )
        )
        return
    if not ranked:
        run.talk.say(_("No relay is up. An operator starts one with: plg relay run"))
        return
    columns = [
        Column(_("Relay")),
        Column(_("Name")),
        Column(_("Ping"), right=True),
        Column(_("To the game"), right=True),
        Column(_("Whole way"), right=True),
        Column(_("Gain"), right=True),
        Column(""),
    ]
    run.output.table(columns, [_cells_for(found, entry, row) for entry, row in zip(ranked, rows, strict=True)])
    if found.direct.rtt_ms is None:
        run.output.line(_("Direct: not known"))
    else:
        run.output.line(_("Direct: {figures}").format(figures=milliseconds(found.direct.rtt_ms)))
    if chosen is not None:
        name = found.candidate(chosen.node_id).name
        run.output.line(
            _("plg connect would take {name}; why: plg explain {game}").format(name=name, game=found.game.slug)
        )
    if found.verdict == "direct":
        run.output.line(_("Direct is better: plg connect would leave the game on its own way."))


def _row_for(found: FoundRoutes, entry: RankedNode) -> NodeRow:
    checked = next((exit_ for exit_ in found.order.exits if exit_.node_id == entry.node.id), None)
    row = node_row(entry)
    if checked is None or not checked.is_usable:
        return msgspec.structs.replace(row, total_ms=None)
    candidate = found.candidate(entry.node.id)
    known = candidate.game_leg_ms is not None
    total_ms = checked.total_ms if checked.total_ms is not None else candidate.predicted_total_ms
    place = next(place for place, exit_ in enumerate(found.order.exits, 1) if exit_ is checked)
    return msgspec.structs.replace(
        row,
        rtt_ms=checked.own_ms if checked.own_ms is not None else row.rtt_ms,
        total_ms=total_ms if known else None,
        rank=place,
        gain_ms=found.direct.rtt_ms - total_ms if known and total_ms is not None and found.direct.rtt_ms else None,
    )


def _cells_for(found: FoundRoutes, entry: RankedNode, row: NodeRow) -> list[str]:
    chosen = found.order.chosen
    ping = _("no answer") if entry.ping and row.rtt_ms is None else milliseconds(row.rtt_ms)
    gain = "" if row.gain_ms is None else _("{n} ms").format(n=f"{row.gain_ms:+.0f}")
    mark = "" if entry.node.state is NodeState.UP else _(_STATES[entry.node.state])
    if chosen is not None and chosen.node_id == row.id:
        mark = _("chosen")
    return [row.id, row.name, ping, leg_text(entry.node), milliseconds(row.total_ms), gain, mark]


def _cells(entry: RankedNode, *, measured: bool, for_game: bool) -> list[str]:
    node, row = entry.node, node_row(entry)
    place = ", ".join(part for part in (node.city, node.country) if part)
    cells = [node.id, node.name, place, _(_STATES[node.state]), f"{node.load_percent:.0f} %"]
    if measured:
        lost = "" if row.loss_percent is None else f"{row.loss_percent:.0f} %"
        cells += [_("no answer") if entry.ping and row.rtt_ms is None else milliseconds(row.rtt_ms), lost]
    if for_game:
        cells.append(leg_text(node))
    if measured and for_game:
        cells.append(milliseconds(row.total_ms))
    return cells


def milliseconds(value: float | None) -> str:
    """A time in whole milliseconds, with one decimal below ten; nothing for what is not known."""
    if value is None:
        return ""
    return _("{n} ms").format(n=f"{value:.0f}" if value >= 10 else f"{value:.1f}")


def leg_text(node: Node) -> str:
    """The relay's own measurement to the game, marked when it is only near the game's servers."""
    leg = node.game_leg
    if leg is None or leg.rtt_ms is None:
        return _("not known")
    text = milliseconds(leg.rtt_ms)
    return f"~{text}" if leg.estimated else text
