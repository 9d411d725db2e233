"""Relays on a terminal and as a document."""

from collections.abc import Sequence

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _
from plg.cli.output import Column
from plg.contract.cli_output import NodeRow, NodesDocument
from plg.contract.nodes import Node, NodeState

_STATES = {NodeState.UP: N_("up"), NodeState.DRAINING: N_("closing down"), NodeState.FULL: N_("full")}


def node_row(node: Node) -> NodeRow:
    """What the server says of a relay; this machine has not measured it."""
    return NodeRow(
        id=node.id,
        name=node.name,
        country=node.country,
        city=node.city,
        state=node.state.value,
        load_percent=node.load_percent,
        rtt_ms=None,
        jitter_ms=None,
        loss_percent=None,
        total_ms=None,
        game_leg=node.game_leg,
    )


def show_nodes(run: Invocation, nodes: Sequence[Node], *, for_game: bool) -> None:
    """A row per relay; `for_game` adds the relay's own way to the game."""
    if run.output.as_json:
        run.output.document(NodesDocument(nodes=[node_row(node) for node in nodes]))
        return
    if not nodes:
        run.talk.say(_("No relay is up. An operator starts one with: plg relay run"))
        return
    columns = [
        Column(_("Relay")),
        Column(_("Name")),
        Column(_("Place")),
        Column(_("State")),
        Column(_("Load"), right=True),
    ]
    if for_game:
        columns.append(Column(_("To the game"), right=True))
    rows = [
        [
            node.id,
            node.name,
            ", ".join(part for part in (node.city, node.country) if part),
            _(_STATES[node.state]),
            f"{node.load_percent:.0f} %",
            *([leg_text(node)] if for_game else []),
        ]
        for node in nodes
    ]
    run.output.table(columns, rows)


def leg_text(node: Node) -> str:
    """The relay's own measurement to the game, marked when it is only near the game's servers."""
    leg = node.game_leg
    if leg is None or leg.rtt_ms is None:
        return _("not known")
    text = _("{n} ms").format(n=f"{leg.rtt_ms:.0f}")
    return f"~{text}" if leg.estimated else text
