"""Where to pay."""

import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language
from plg_tui.screens.pay_dialog import PayDialog, has_browser, is_web_link
from support.dashboard_pilot import dashboard_at, picture_of, screen_text, settled_picture
from support.plan_bodies import CHECKOUT
from support.time_zone import time_zone


@picture_of
async def test_how_to_pay(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    with time_zone("UTC"):
        async with app.run_test(size=size) as pilot:
            app.push_screen(PayDialog(CHECKOUT, can_open=True))
            await pilot.pause()
            assert await settled_picture(app) == snapshot


async def test_the_link_is_opened_and_copied_on_demand_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = dashboard_at(tmp_path)
    opened: list[str] = []
    monkeypatch.setattr(app, "open_url", opened.append)
    async with app.run_test(size=(100, 30)) as pilot:
        app.push_screen(PayDialog(CHECKOUT, can_open=True))
        await pilot.pause()
        assert opened == []
        await pilot.click("#open")
        await pilot.click("#copy")
        await pilot.pause()
        assert opened == [CHECKOUT.link]
        assert app.clipboard == CHECKOUT.link


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "https://", "ftp://x", "https://x\x1b[2J", "http://[::1"]
)
async def test_a_link_that_is_no_web_address_is_never_opened(tmp_path: Path, link: str) -> None:
    assert not is_web_link(link)
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        app.push_screen(PayDialog(replace(CHECKOUT, link=link), can_open=True))
        await pilot.pause()
        assert "Open the link" not in screen_text(app)
        assert "\x1b" not in screen_text(app)


@pytest.mark.skipif(sys.platform == "win32", reason="uids are POSIX")
def test_a_browser_is_opened_only_where_it_is_this_person_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert has_browser({"DISPLAY": ":0"}, in_browser=False)
    assert not has_browser({}, in_browser=False)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not has_browser({"DISPLAY": ":0"}, in_browser=False)
    assert has_browser({}, in_browser=True)
