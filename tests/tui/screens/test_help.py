"""The help screen."""

from pathlib import Path

from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language
from support.dashboard_pilot import READABLE, contrast, dashboard_at, picture_of, screen_colours, settled_picture


@picture_of
async def test_the_help(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        await pilot.press("f1")
        await pilot.pause()
        assert await settled_picture(app) == snapshot
        assert {pair: contrast(pair) for pair in screen_colours(app) if contrast(pair) < READABLE} == {}
