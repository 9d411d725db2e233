"""`plg admin stats`, against a real server."""

from pathlib import Path

from pytest import CaptureFixture  # noqa: PT013 - a type

from plg.cli.admin.stats import show_stats
from plg.contract.admin_stats import AccountFigures, IncomeFigure, PlanFigure, RelayFigures, SessionFigures, Stats
from support.inside import Inside, invocation_at
from support.operated_server import operated_server

BUSY = Stats(
    at="2026-11-22T12:00:00Z",
    accounts=AccountFigures(total=120, banned=2, new_day=3, new_week=11),
    plans=[PlanFigure(plan="monthly", accounts=40), PlanFigure(plan="yearly", accounts=7)],
    sessions=SessionFigures(
        now=9, day=70, week=400, bytes_day=1_500_000_000, bytes_week=9_000_000_000, bytes_ever=10**12
    ),
    income=[IncomeFigure(month="2026-11", currency="EUR", payments=4, amount="23.96", refunded="5.99")],
    relays=RelayFigures(up=3, draining=1, down=0, disabled=1),
    payments_waiting=2,
)


def test_an_operator_sees_the_server_in_figures_and_a_player_does_not(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        shown = plg("admin", "stats", **server.environ("support"))
        assert shown.code == 0, shown.err
        assert "3, new today 3, in 7 days 3, banned 0" in shown.out
        assert plg("admin", "stats", "--json", **server.environ()).document()["stats"]["accounts"]["total"] == 3
        assert plg("admin", "stats", **server.environ("player")).code == 1


def test_every_figure_stands_in_the_table(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    show_stats(invocation_at(tmp_path), BUSY)
    page = capsys.readouterr().out
    for text in ("monthly: 40, yearly: 7", "1.5 GB in a day", "9 now", "3 up, 1 closing down", "23.96 EUR", "5.99 EUR"):
        assert text in page, text
