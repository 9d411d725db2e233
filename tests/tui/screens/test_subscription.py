"""The plan."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language, speak
from plg_tui.screens.sign_in import SignInDialog
from plg_tui.screens.subscription import left_text, plan_lines
from support.dashboard_pilot import (
    READABLE,
    contrast,
    dashboard_at,
    picture,
    picture_of,
    screen_colours,
    screen_text,
    until,
)
from support.played_sessions import ACCOUNT, FullDesk
from support.server_process import ServerProcess

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@picture_of
async def test_a_plan(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language, server="https://plg.example.org")
    app.theme, app.desk = theme, FullDesk(app.desk)
    async with app.run_test(size=size) as pilot:
        await pilot.press("f7")
        await until(lambda: "Player One" in screen_text(app), "the account")
        await pilot.pause()
        assert picture(app) == snapshot
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


async def test_the_account_s_plan_comes_from_the_server(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    await app.desk.register("plan@example.org", "correct horse of the plan")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f7")
        await until(lambda: "<plan@example.org>" in screen_text(app), "the account")
        assert "without an end" in screen_text(app)
        assert "Played: nothing yet" in screen_text(app)


async def test_nobody_logged_in_is_led_to_the_form(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f7")
        await until(lambda: "nobody is logged in" in screen_text(app), "the reason")
        await pilot.click("#state #act")
        await until(lambda: isinstance(app.screen, SignInDialog), "the form")


async def test_a_server_out_of_reach_is_said(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path, PLG_TOKEN="x")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f7")
        await until(lambda: "cannot reach the server" in screen_text(app), "the reason")


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(days=31, hours=1), "31 days left (until 2026-04-01)"),
        (timedelta(days=1, hours=1), "1 day left (until 2026-03-02)"),
        (timedelta(hours=5), "it ends today or tomorrow (2026-03-01)"),
        (timedelta(seconds=-1), "it ended on 2026-03-01"),
    ],
)
def test_days_left(left: timedelta, text: str) -> None:
    assert left_text((NOW + left).isoformat(), NOW) == text


@pytest.mark.parametrize("odd", ["", "soon", "2026-03-01T12:00:00", "\x1b[2J"])
def test_an_end_that_is_no_time_is_shown_as_it_is_and_safely(odd: str) -> None:
    assert "\x1b" not in left_text(odd, NOW)


def test_days_in_russian_have_their_plural() -> None:
    speak(Language.RU)
    ended = replace(ACCOUNT, plan=replace(ACCOUNT.plan, expires_at=(NOW + timedelta(days=3, hours=1)).isoformat()))
    assert plan_lines(ended, NOW)[1].startswith("осталось 3 дня")
