"""Logging in and making an account, at a real server."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from plg.api.errors import NotSignedIn
from plg.cli.language import Language
from plg_tui.screens.sign_in import SignInDialog
from support.dashboard_pilot import dashboard_at, picture, picture_of, screen_text, until
from support.server_process import ServerProcess

PASSWORD = "correct horse of the form"


@picture_of
async def test_the_form(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        app.push_screen(SignInDialog(app.desk, "https://plg.example.org"))
        await pilot.pause()
        await pilot.press("tab", "tab")
        await pilot.pause()
        assert picture(app) == snapshot


async def test_an_account_is_made_and_logged_in(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        with pytest.raises(NotSignedIn):
            await app.desk.account()
        app.action_log_in()
        await until(lambda: isinstance(app.screen, SignInDialog), "the form")
        await pilot.press(*"new@example.org", "enter", *"short", "tab", "tab", "enter")
        await until(lambda: "the password is too short" in screen_text(app), "the reason")
        await pilot.press("shift+tab", "shift+tab", "end", *(["backspace"] * 5), *PASSWORD, "tab", "tab", "enter")
        await until(lambda: not isinstance(app.screen, SignInDialog), f"an account: {screen_text(app)}")
        assert (await app.desk.account()).email == "new@example.org"
    assert PASSWORD not in "".join(path.read_text() for path in (tmp_path / "config").rglob("*.json"))


async def test_what_is_wrong_is_said_in_the_form(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        app.action_log_in()
        await until(lambda: isinstance(app.screen, SignInDialog), "the form")
        await pilot.press(*"nobody", "enter", *PASSWORD, "enter")
        await until(lambda: "'nobody' is no e-mail address" in screen_text(app), "the address")
        await pilot.press("shift+tab", "end", *"@example.org", "enter", "enter")
        await until(
            lambda: "password" in screen_text(app).lower() and "no e-mail" not in screen_text(app), "the refusal"
        )
        assert isinstance(app.screen, SignInDialog)
        await pilot.press("escape")
