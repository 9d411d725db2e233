"""Questions over a screen."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from plg.cli.language import Language
from plg_tui.screens.dialogs import leave_question, match_question
from support.dashboard_pilot import dashboard_at, picture_of, settled_picture


@picture_of
async def test_leaving_while_a_tunnel_runs(
    tmp_path: Path, size: tuple[int, int], language: Language, theme: str, snapshot: SnapshotAssertion
) -> None:
    app = dashboard_at(tmp_path, language=language)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        app.push_screen(leave_question())
        await pilot.pause()
        assert await settled_picture(app) == snapshot


@pytest.mark.parametrize(
    ("keys", "answer"),
    [(["enter"], "wait"), (["right", "enter"], "now"), (["left", "enter"], "stay"), (["escape"], None)],
)
async def test_the_answer_is_the_button_s_and_escape_is_none(
    tmp_path: Path, keys: list[str], answer: str | None
) -> None:
    app = dashboard_at(tmp_path)
    answers: list[str | None] = []
    async with app.run_test() as pilot:
        app.push_screen(match_question(), answers.append)
        await pilot.press(*keys)
        await pilot.pause()
    assert answers == [answer]
