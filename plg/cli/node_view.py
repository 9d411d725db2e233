"""Relays on a terminal and as a document."""

from collections.abc import Sequence

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _
from plg.cli.output import Column
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
