"""The dashboard as a whole, beside a real control socket."""

from pathlib import Path

import pytest

from plg.cli.language import Language, spoken
from plg_tui.graph_drawing import Marks
from plg_tui.preferences import DAMAGED_NAME, FILE_NAME, load_preferences, save_preferences
from plg_tui.screens.dialogs import Question
from plg_tui.screens.session import SessionScreen
from plg_tui.themes import CONTRAST, DARK, LIGHT
from support.dashboard_pilot import READABLE, contrast, dashboard_at, screen_colours, screen_text, until
from support.talking_tunnel import MULTIPATH, talking_tunnel


async def test_it_attaches_to_a_tunnel_that_runs_and_notices_its_end(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(lambda: "No tunnel is running." in screen_text(app), "the empty state")
        with talking_tunnel(tmp_path / "run"):
            await until(lambda: "lab-game" in screen_text(app), "the session")
            await pilot.pause()
            assert "● connected" in screen_text(app)
        await until(lambda: "No tunnel is running." in screen_text(app), "the end of the session")


async def test_leaving_asks_and_a_tunnel_may_go_on(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    with talking_tunnel(tmp_path / "run") as tunnel:
        async with app.run_test() as pilot:
            await until(lambda: app.status is not None, "the tunnel")
            await pilot.press("q")
            await until(lambda: isinstance(app.screen, Question), "the question")
            await pilot.press("escape")
            await until(lambda: isinstance(app.screen, SessionScreen), "back")
            await pilot.press("q")
            await until(lambda: isinstance(app.screen, Question), "the question")
            await pilot.press("enter")
            await until(lambda: app.return_value is not None, "the end")
        assert app.return_value is True
        assert tunnel.asked == []


async def test_leaving_can_end_the_tunnel_too(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    with talking_tunnel(tmp_path / "run") as tunnel:
        async with app.run_test() as pilot:
            await until(lambda: app.status is not None, "the tunnel")
            await pilot.press("q")
            await until(lambda: isinstance(app.screen, Question), "the question")
            await pilot.press("right", "enter")
            await until(lambda: app.return_value is not None, "the end")
        assert app.return_value is False
        assert tunnel.stopped.is_set()


async def test_without_a_tunnel_it_leaves_at_once(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("ctrl+c")
        await until(lambda: app.return_value is not None, "the end")
    assert app.return_value is False


@pytest.mark.parametrize(("keys", "asked"), [(("enter",), ["wait"]), (("right", "enter"), ["now"]), (("escape",), [])])
async def test_disconnecting_asks_when_a_match_is_live(tmp_path: Path, keys: tuple[str, ...], asked: list[str]) -> None:
    app = dashboard_at(tmp_path)
    with talking_tunnel(tmp_path / "run", live=1) as tunnel:
        async with app.run_test() as pilot:
            await until(lambda: app.status is not None, "the tunnel")
            await pilot.press("d")
            await until(lambda: isinstance(app.screen, Question), "the question")
            assert "A match is live" in screen_text(app)
            await pilot.press(*keys)
            await until(lambda: isinstance(app.screen, SessionScreen), "the session")
            await until(lambda: [mode.value for mode in tunnel.asked] == asked, "the intent")
            assert tunnel.stopped.is_set() is False or asked


async def test_disconnect_without_a_tunnel_says_so(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        await pilot.press("d")
        await until(lambda: "No tunnel is running." in [note.message for note in app._notifications], "a remark")


async def test_choices_are_kept_for_the_next_start(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    app.language_is_given = False
    async with app.run_test():
        app.choose_theme(LIGHT)
        app.choose_marks(Marks.ASCII)
        app.choose_language(Language.RU)
    kept = load_preferences(tmp_path / "config")
    assert (kept.theme, kept.marks, kept.language) == (LIGHT, Marks.ASCII, Language.RU)
    again = dashboard_at(tmp_path)
    assert (again.theme, again.marks) == (LIGHT, Marks.ASCII)
    assert spoken() is Language.EN  # --lang goes before what was chosen here
    for theme in (CONTRAST, DARK, LIGHT):
        again.action_other_theme()
        assert again.theme == theme


@pytest.mark.parametrize("key", ["f2", "f3", "f4", "f5", "f1"])
async def test_no_color_shows_grey_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        app.feed.close()
        app.take_status(MULTIPATH)
        await pilot.press(key)
        await pilot.pause()
        colours = {colour for pair in screen_colours(app) for colour in pair.split(" on ")}
    assert colours
    assert {colour for colour in colours if len({colour[1:3], colour[3:5], colour[5:7]}) > 1} == set()


@pytest.mark.parametrize("key", ["f2", "f3", "f4", "f5", "f6", "f7", "f1"])
async def test_every_screen_is_readable_in_high_contrast(tmp_path: Path, key: str) -> None:
    app = dashboard_at(tmp_path)
    app.theme = CONTRAST
    async with app.run_test(size=(100, 30)) as pilot:
        app.feed.close()
        app.take_status(MULTIPATH)
        await pilot.press(key)
        await pilot.pause()
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


async def test_a_file_that_cannot_be_read_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    file = tmp_path / "config" / FILE_NAME
    file.write_text('{"theme": 7}')
    app = dashboard_at(tmp_path)
    async with app.run_test():
        assert any(f"{file} cannot be read" in note.message for note in app._notifications)
    assert save_preferences(file.parent, load_preferences(file.parent)) is None
    assert (file.parent / DAMAGED_NAME).read_text() == '{"theme": 7}'


@pytest.mark.parametrize(("written", "shown"), [(LIGHT, LIGHT), ("no-such-theme", DARK)])
async def test_config_toml_may_name_the_theme(tmp_path: Path, written: str, shown: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(f'theme = "{written}"\n')
    assert dashboard_at(tmp_path).theme == shown
