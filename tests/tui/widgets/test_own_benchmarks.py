"""Own benchmarks beside the sessions. (How they look: tests/tui/screens/test_history.py.)"""

from pathlib import Path

from msgspec.structs import replace
from textual.widgets import Select

from plg_tui.screens.sign_in import SignInDialog
from plg_tui.widgets.own_benchmarks import OwnBenchmarks
from plg_tui.widgets.plain_table import PlainTable
from support.dashboard_pilot import dashboard_at, screen_text, until
from support.played_sessions import BENCHED, FullDesk, own_benchmark
from support.server_process import ServerProcess


async def test_a_game_narrows_them_and_games_known_only_from_them_are_offered(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.desk = FullDesk(app.desk)
    app.desk.benched = [*BENCHED, own_benchmark(5, 40.0, 20.0, game="veloren")]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f6", "b", "b")
        await until(lambda: "6 reports: 4 better, 1 no difference, 1 worse" in screen_text(app), "all reports")
        assert app.screen.query_one(OwnBenchmarks).games == {"openarena", "doom", "veloren"}
        app.screen.query_one("#game", Select).value = "veloren"
        await until(lambda: "1 report: 1 better" in screen_text(app), "one game's")
        assert app.screen.query_one("#own-table", PlainTable).row_count == 1


async def test_more_than_a_page_is_said_and_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.desk = FullDesk(app.desk)
    app.desk.benched = [replace(BENCHED[0], game="[/]\x1b[2J", node_name="[red]")] * 201
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f6", "b", "b")
        await until(lambda: "200 reports of 201" in screen_text(app), "the newest reports")
        assert "[/]\\x1b[2J" in screen_text(app)
        assert "\x1b" not in screen_text(app)


async def test_in_a_wider_terminal_more_columns_appear(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.desk = FullDesk(app.desk)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f6", "b", "b")
        await until(lambda: "-22.5 (-24.5…-20.5)" in screen_text(app), "the interval")
        assert "Frankfurt 1" not in screen_text(app)
        await pilot.resize_terminal(120, 40)
        await until(lambda: "Frankfurt 1" in screen_text(app), "the relay")


async def test_without_a_login_they_lead_to_it_and_come_after_it(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f6", "b", "b")
        await until(lambda: "Benchmarks belong to an account" in screen_text(app), "the reason")
        await pilot.click("#own-state #act")
        await until(lambda: isinstance(app.screen, SignInDialog), "the form")
        await app.desk.register("bencher@example.org", "correct horse of the history")
        await pilot.press("escape")
        await until(lambda: "kept, for 90 days" in screen_text(app), "the empty list")


async def test_a_server_that_fails_can_be_asked_again(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    full, app.desk = FullDesk(app.desk), dashboard_at(tmp_path, PLG_TOKEN="x").desk
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f6", "b", "b")
        await until(lambda: app.screen.query_one("#own-state #act").display, "the reason")
        app.desk = full
        await pilot.click("#own-state #act")
        await until(lambda: "5 reports" in screen_text(app), "the reports")
