"""Regions before and after, on a terminal while they are measured, and as documents."""

from collections.abc import Sequence

from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.cli.node_view import milliseconds
from plg.cli.output import Column
from plg.contract.cli_output_routes import PingDocument, PingRegion, PingSide
from plg.contract.games import GameDetail
from plg.probe.region_ping import RegionWays


class PingView:
    """`show_round` after each round, `show_result` at the end."""

    def __init__(self, run: Invocation, game: GameDetail, rounds: int) -> None:
        self._run = run
        self._game = game
        self._rounds = rounds

    def show_round(self, number: int, ways: Sequence[RegionWays]) -> None:
        """A table that is rewritten on a terminal, a document with --json, and nothing in a pipe."""
        output = self._run.output
        if output.as_json:
            output.document(self._document(number, ways, final=False))
        elif output.is_terminal:
            output.rewrite_table(_columns(), [_cells(way) for way in _sorted(ways)])

    def show_result(self, ways: Sequence[RegionWays]) -> None:
        """The sum of all rounds."""
        output = self._run.output
        if output.as_json:
            output.document(self._document(self._rounds, ways, final=True))
            return
        if not output.is_terminal:
            output.table(_columns(), [_cells(way) for way in _sorted(ways)])
        for line in _remarks(ways):
            output.line(line)

    def _document(self, number: int, ways: Sequence[RegionWays], *, final: bool) -> PingDocument:
        regions = [region_view(way) for way in ways]
        return PingDocument(game=self._game.slug, round=number, rounds=self._rounds, final=final, regions=regions)


def region_view(way: RegionWays) -> PingRegion:
    """One region as programs see it."""
    best = way.best
    return PingRegion(
        region=way.region.code,
        name=way.region.name,
        host=way.host.host if way.host is not None else None,
        direct=PingSide(
            rtt_ms=way.direct.rtt_ms,
            jitter_ms=way.direct.jitter_ms,
            loss_percent=way.direct.loss_percent,
            sent=way.direct.sent,
            method=way.direct.method,
            estimated=way.host.proxy if way.host is not None else False,
        ),
        boosted=PingSide(
            rtt_ms=best.total_ms if best is not None else None,
            jitter_ms=best.relay.jitter_ms if best is not None else None,
            loss_percent=best.loss_percent if best is not None else None,
            sent=best.relay.sent if best is not None else 0,
            method="relay" if best is not None else None,
            estimated=best.leg.estimated if best is not None else False,
        ),
        node_id=best.node.id if best is not None else None,
        node_name=best.node.name if best is not None else None,
        relay_ms=best.relay.rtt_ms if best is not None else None,
        game_leg_ms=best.leg.rtt_ms if best is not None else None,
        gain_ms=way.gain_ms,
    )


def _sorted(ways: Sequence[RegionWays]) -> list[RegionWays]:
    """The nearest regions first, by the better of both ways; those without a figure last."""

    def nearest_ms(way: RegionWays) -> float:
        known = [way.direct.rtt_ms, way.best.total_ms if way.best is not None else None]
        return min((value for value in known if value is not None), default=float("inf"))

    return sorted(ways, key=nearest_ms)


def _columns() -> list[Column]:
    right = (_("Direct"), "PLG", _("Gain"), _("Jitter"), _("Lost"))
    return [Column(_("Region")), *(Column(title, right=True) for title in right), Column(_("Through"))]


def _cells(way: RegionWays) -> list[str]:
    view = region_view(way)
    mark = "~" if view.direct.estimated and view.direct.rtt_ms is not None else ""
    direct = mark + milliseconds(view.direct.rtt_ms)
    if way.host is not None and view.direct.sent and view.direct.rtt_ms is None:
        direct = _("no answer")
    gain = "" if view.gain_ms is None else _("{n} ms").format(n=f"{view.gain_ms:+.0f}")
    jitter = _pair(view.direct.jitter_ms, view.boosted.jitter_ms, "{:.1f}")
    lost = _pair(view.direct.loss_percent, view.boosted.loss_percent, "{:.0f}")
    return [
        view.name,
        direct,
        milliseconds(view.boosted.rtt_ms),
        gain,
        jitter,
        f"{lost} %" if lost else "",
        view.node_name or "",
    ]


def _pair(direct: float | None, boosted: float | None, form: str) -> str:
    """Direct and boosted as "1.2 / 0.4"; direct alone where there is no way through PLG."""
    if boosted is None:
        return "" if direct is None else form.format(direct)
    return f"{'?' if direct is None else form.format(direct)} / {form.format(boosted)}"


def _remarks(ways: Sequence[RegionWays]) -> list[str]:
    remarks = []
    if any(way.best is not None for way in ways):
        remarks.append(_("Gain: direct minus PLG. Jitter in ms and loss: direct / PLG."))
    if any(way.host is not None and way.host.proxy for way in ways):
        remarks.append(_("~ the host measured only stands for the region."))
    return remarks
