"""The session screen: as pictures, and live beside a real control socket."""

from pathlib import Path

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language
from plg.contract.cli_output import StatusDocument
from plg_tui.app import Dashboard
from plg_tui.graph_drawing import Marks
from plg_tui.screens.page import LOW_LINES
from plg_tui.widgets.ping_graph import PingGraph
from plg_tui.widgets.plain_text import PlainText
from support.dashboard_pilot import (
    READABLE,
    contrast,
    dashboard_at,
    picture_of,
    screen_colours,
    screen_text,
    settled_picture,
    ticking,
    until,
)
from support.talking_tunnel import MULTIPATH, STATUS, talking_tunnel


def at(number: int) -> StatusDocument:
    """The status number so many of a session whose round trips go up and down."""
    assert MULTIPATH.comparison is not None
    now_ms, direct_ms = 41.0 + number % 7, 58.0 + (number * 3) % 11 + (20 if number % 50 == 0 else 0)
    comparison = msgspec.structs.replace(
        MULTIPATH.comparison, now_ms=now_ms, direct_ms=direct_ms, gain_ms=direct_ms - now_ms
    )
    paths = [
        path
        if path.rtt_ms is None
        else msgspec.structs.replace(path, rtt_ms=path.rtt_ms + number // 10 * 7 % (5 + 4 * path.path))
        for path in MULTIPATH.paths
    ]
    return msgspec.structs.replace(MULTIPATH, pid=None, comparison=comparison, paths=paths)


def play(app: Dashboard, statuses: int = 150) -> None:
    """As many statuses as fifteen seconds bring; the feed's own are shut out."""
    app.feed.close()
    for number in range(statuses):
        app.take_status(at(number))


@picture_of
async def test_a_running_session(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language, clock=ticking(step_s=0.05))
    app.theme, app.marks = theme, Marks.BRAILLE
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.feed.close()
        now = [1_000.0]
        app.clock = lambda: now[0]
        for number in range(150):
            now[0] += 0.1
            app.take_status(at(number))
        await pilot.pause()
        assert await settled_picture(app) == snapshot
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}


@picture_of
async def test_no_session(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert await settled_picture(app) == snapshot


@pytest.mark.parametrize("size", [(59, 24), (80, 15), (20, 5)])
async def test_where_nothing_has_room_a_sentence_stands_until_there_is_some(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = dashboard_at(tmp_path, clock=ticking())
    async with app.run_test(size=size) as pilot:
        play(app, 30)
        await pilot.pause()
        assert "Too little" in screen_text(app)
        assert "connected" not in screen_text(app)
        await pilot.resize_terminal(60, 16)
        await pilot.pause()
        assert "Too little room" not in screen_text(app)
        assert "● connected" in screen_text(app)


@pytest.mark.parametrize("size", [(60, 16), (79, 29), (99, 30), (100, 24), (200, 60)])
@pytest.mark.parametrize("language", list(Language))
async def test_at_every_size_each_part_is_there_and_nothing_is_wrapped(
    tmp_path: Path, size: tuple[int, int], language: Language
) -> None:
    app = dashboard_at(tmp_path, language=language, clock=ticking())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        play(app, 60)
        await pilot.pause()
        for name in ("hops", "lanes") if size[1] >= LOW_LINES else ("lanes",):
            part = app.screen.query_one(f"#{name}", PlainText)
            assert part.size.height == part.shown.count("\n") + 1, part.shown
        assert app.screen.query_one(PingGraph).size.height >= 3


async def test_the_numbers_follow_the_tunnel(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        app.feed.close()
        await pilot.pause()
        app.take_status(STATUS)
        await pilot.pause()
        assert "12.0 ms" in screen_text(app)
        app.clock = ticking(app.clock() + 5)
        path = msgspec.structs.replace(STATUS.paths[0], rtt_ms=77.7)
        app.take_status(msgspec.structs.replace(STATUS, paths=[path]))
        await pilot.pause()
        assert "77.7 ms" in screen_text(app)


async def test_a_frozen_picture_stands_still_and_goes_on_afterwards(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path, clock=ticking())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        play(app, 30)
        await pilot.press("space")
        await pilot.pause()
        before = screen_text(app)
        assert "frozen" in before
        play(app, 30)
        await pilot.pause()
        assert screen_text(app) == before
        await pilot.press("space")
        await pilot.pause()
        assert "frozen" not in screen_text(app)


async def test_the_window_goes_from_30_seconds_to_10_minutes(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path, clock=ticking())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        play(app, 30)
        for keys, shown in (("minus", "120 s"), ("minus", "600 s"), ("minus", "600 s"), ("plus", "120 s")):
            await pilot.press(keys)
            await pilot.pause()
            assert f"last {shown}" in screen_text(app)


@pytest.mark.parametrize(("marks", "solid"), [(Marks.BLOCK, "━━━"), (Marks.ASCII, "***")])
async def test_the_graph_falls_back_to_simpler_marks(tmp_path: Path, marks: Marks, solid: str) -> None:
    app = dashboard_at(tmp_path, clock=ticking())
    app.marks = marks
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        play(app)
        await pilot.pause()
        assert f"{solid} through PLG" in screen_text(app)
        graph = app.screen.query_one(PingGraph)
        drawn = "".join(graph.render_line(y).text for y in range(graph.size.height))
        assert not any("\u2800" <= letter <= "\u28ff" for letter in drawn)
        assert ("*" in drawn) is (marks is Marks.ASCII)


async def test_a_tunnel_that_hangs_is_named(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    async with app.run_test() as pilot:
        app.feed.close()
        await pilot.pause()
        app.trouble = "no answer within 2 s"
        app.screen.tunnel_changed()  # type: ignore[attr-defined]  # the page
        await pilot.pause()
        assert "The running tunnel does not answer: no answer within 2 s" in screen_text(app)


async def test_the_graph_grows_beside_a_real_tunnel(tmp_path: Path) -> None:
    app = dashboard_at(tmp_path)
    with talking_tunnel(tmp_path / "run"):
        async with app.run_test(size=(100, 30)):
            await until(lambda: len(app.history) >= 5, "five statuses")
            await until(lambda: any("⠀" < letter <= "⣿" for letter in screen_text(app)), "a line of dots")
