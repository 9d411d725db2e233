"""The plan: at servers that ask for none, at one that sells, and with one's past."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from plg.cli.language import Language
from plg_tui.screens.dialogs import Question
from plg_tui.screens.pay_dialog import PayDialog
from plg_tui.screens.sign_in import SignInDialog
from support.dashboard_pilot import (
    READABLE,
    contrast,
    dashboard_at,
    picture_of,
    screen_colours,
    screen_text,
    settled_picture,
    until,
)
from support.local_server import Script, json_answer, problem_answer, serving
from support.played_sessions import ACCOUNT, FullDesk
from support.server_process import ServerProcess, running_server
from support.time_zone import time_zone

PASSWORD = "correct horse of the plan"


@pytest.fixture(scope="module")
def selling_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("selling"), {"billing": "on"}) as running:
        yield running


@picture_of
async def test_a_plan(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language, server="https://plg.example.org")
    app.theme, app.desk = theme, FullDesk(app.desk)
    with time_zone("UTC"):
        async with app.run_test(size=size) as pilot:
            await pilot.press("f7")
            await until(lambda: "PLAYER-7F3K" in screen_text(app), "the plan")
            await pilot.pause()
            assert await settled_picture(app) == snapshot
            assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


async def test_a_server_that_sells_nothing_says_so_and_offers_nothing(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    await app.desk.register("plan@example.org", PASSWORD)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f7")
        await until(lambda: "This server asks for no plan" in screen_text(app), "the plan")
        assert "<plan@example.org>" in screen_text(app)
        assert "Promo" not in screen_text(app)
        assert "Start the trial" not in screen_text(app)


async def test_a_trial_is_begun_and_cancelled_and_a_wrong_code_refused_in_one_line(
    tmp_path: Path, selling_server: ServerProcess
) -> None:
    app = dashboard_at(tmp_path, server=selling_server.url)
    await app.desk.register("trial@example.org", PASSWORD)
    async with app.run_test(size=(100, 34)) as pilot:
        await pilot.press("f7")
        await until(lambda: "No plan yet" in screen_text(app), "no plan")
        app.screen.query_one("#code", Input).value = "WRONG-CODE"
        await pilot.click("#redeem")
        await until(lambda: "there is no such code" in screen_text(app), "the refusal")
        await pilot.click("#trial")
        await until(lambda: "● trial" in screen_text(app) and "days left" in screen_text(app), "the trial")
        assert "Start the trial" not in screen_text(app)
        await pilot.pause()
        await pilot.click("#cancel")
        await until(lambda: isinstance(app.screen, Question), "the question")
        await pilot.press("right", "enter")
        await until(lambda: "cancelled; it works until its end" in screen_text(app), "the end of it")


async def test_an_offer_leads_to_where_it_is_paid(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.desk = FullDesk(app.desk)
    async with app.run_test(size=(100, 34)) as pilot:
        await pilot.press("f7")
        await until(lambda: "1990.00 RUB" in screen_text(app), "the offers")
        app.screen.query_one("#offers").focus()
        await pilot.press("down", "enter")
        await until(lambda: isinstance(app.screen, PayDialog), "the dialog")
        assert "179.10 USD" in screen_text(app)


async def test_an_older_server_shows_the_account_s_plan(tmp_path: Path) -> None:
    answers = {
        "GET /v1/me": [json_answer(msgspec.json.encode(ACCOUNT))],
        "GET /v1/subscription": [problem_answer(404, "not_found")],
    }
    with serving(Script(answers).app()) as url:
        app = dashboard_at(tmp_path, server=url, PLG_TOKEN="x")
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.press("f7")
            await until(lambda: "This server asks for no plan" in screen_text(app), "the plan")
            assert "free" in screen_text(app)


async def test_nobody_logged_in_is_led_to_the_form(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f7")
        await until(lambda: "nobody is logged in" in screen_text(app), "the reason")
        await pilot.click("#state #act")
        await until(lambda: isinstance(app.screen, SignInDialog), "the form")
        await app.desk.register("late-plan@example.org", PASSWORD)
        await pilot.press("escape")
        await until(lambda: "<late-plan@example.org>" in screen_text(app), "the account")


async def test_a_server_out_of_reach_is_said(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path, PLG_TOKEN="x")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f7")
        await until(lambda: "cannot reach the server" in screen_text(app), "the reason")
