"""Logging in and making an account, at a real server."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.events import Key
from textual.widgets import Input

from plg.api.account_client import open_account
from plg.api.credentials import FixedToken
from plg.api.errors import NotSignedIn
from plg.api.server_client import open_server
from plg.cli.language import Language
from plg.contract.accounts import LoginRequest, RegisterRequest
from plg_server.services.totp import step_of, totp_code
from plg_tui.app import Dashboard
from plg_tui.screens.sign_in import SignInDialog
from support.dashboard_pilot import dashboard_at, picture_of, screen_text, settled_picture, until
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
        assert await settled_picture(app) == snapshot


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


async def test_a_code_is_asked_for_where_the_second_factor_is_on(tmp_path: Path, server: ServerProcess) -> None:
    async with open_server(server.url) as client:
        await client.register(RegisterRequest(email="guarded@example.org", password=PASSWORD))
        pair = await client.login(LoginRequest(email="guarded@example.org", password=PASSWORD))
    async with open_account(server.url, FixedToken(server.url, pair.access_token)) as mine:
        setup = await mine.begin_totp(PASSWORD)
        secret = base64.b32decode(setup.secret)
        recovery = (await mine.confirm_totp(totp_code(secret, step_of(datetime.now(UTC))))).codes
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        app.action_log_in()
        await until(lambda: isinstance(app.screen, SignInDialog), "the form")
        assert "authenticator" not in screen_text(app)
        await pilot.press(*"guarded@example.org", "enter", *PASSWORD, "enter")
        await until(lambda: "Code of your authenticator" in screen_text(app), "the field for the code")
        await pilot.press(*"000000", "enter")
        await until(lambda: "the code is wrong" in screen_text(app), "the refusal")
        await until(lambda: app.screen.query_one("#code", Input).value == "", "an empty field")
        await pilot.press(*recovery[0], "enter")
        await until(lambda: not isinstance(app.screen, SignInDialog), f"a login: {screen_text(app)}")
        assert (await app.desk.account()).email == "guarded@example.org"


def burst(app: Dashboard, *keys: str) -> None:
    """All at once, as a password keeper types: the dashboard has not looked at the first when the last has come."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize("between", ["tab", "enter"])
async def test_what_is_typed_before_the_form_stands_lands_in_its_fields_in_order(tmp_path: Path, between: str) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.action_log_in()
        burst(app, *"me", "@", *"example.org", between, *PASSWORD.replace(" ", "-"), "shift+tab", "end", *"x")
        await until(lambda: any(field.value.endswith("x") for field in app.screen.query(Input)), "the last key")
        assert app.screen.query_one("#email", Input).value == "me@example.orgx"
        assert app.screen.query_one("#password", Input).value == PASSWORD.replace(" ", "-")


async def test_a_whole_registration_may_be_typed_in_one_go(tmp_path: Path, server: ServerProcess) -> None:
    app = dashboard_at(tmp_path, server=server.url)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.action_log_in()
        burst(app, *"burst@example.org", "tab", *PASSWORD, "tab", "tab", "enter")
        await until(lambda: not isinstance(app.screen, SignInDialog), f"an account: {screen_text(app)}")
        assert (await app.desk.account()).email == "burst@example.org"
