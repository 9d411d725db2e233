"""A relay in words."""

import msgspec
import pytest
from rich.cells import cell_len

from plg.cli.language import Language, speak
from plg_tui import relay_words as words
from plg_tui.graph_drawing import Marks
from plg_tui.relay_board import RelayBoard, RelayLine, SortBy
from support.relay_scene import fill


@pytest.fixture
def board() -> RelayBoard:
    board = RelayBoard()
    fill(board)
    return board


def line_of(board: RelayBoard, node_id: str) -> RelayLine:
    return next(line for line in board.lines() if line.node.id == node_id)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("wide", "room"), [(False, 80), (True, 120)])
@pytest.mark.parametrize("for_game", [True, False])
def test_a_row_fits_its_screen_with_a_scroll_bar(language: Language, wide: bool, room: int, for_game: bool) -> None:
    speak(language)
    board = RelayBoard()
    fill(board, for_game=for_game)
    columns = words.columns(wide=wide, for_game=for_game)
    assert sum(column.width + 2 for column in columns) < room
    for line in board.lines():
        cells = words.cells(line, columns, Marks.BRAILLE)
        assert all(cell_len(cell) <= column.width for cell, column in zip(cells, columns, strict=True))


@pytest.mark.parametrize("language", list(Language))
def test_no_title_is_cut(language: Language) -> None:
    speak(language)
    for wide in (True, False):
        for column in words.columns(wide=wide, for_game=True):
            assert len(column.title) <= column.width


def test_every_state_has_a_sign_and_a_word(board: RelayBoard) -> None:
    said = {line.node.id: (words.sign(line), words.state_word(line)) for line in board.lines()}
    assert said == {
        "fra1": ("★", "best"),
        "ams1": ("●", "up"),
        "waw1": ("▲", "closing down"),
        "msk1": ("▲", "full"),
        "sgp1": ("✕", "no answer"),
    }


def test_the_column_of_the_order_is_marked() -> None:
    ping = words.columns(wide=True, for_game=True)[2]
    assert words.titled(ping, SortBy.PING, reverse=False).strip() == "▲Ping"
    assert words.titled(ping, SortBy.PING, reverse=True).strip() == "▼Ping"
    assert words.titled(ping, SortBy.NAME, reverse=False).strip() == "Ping"


def test_the_relay_under_the_cursor_says_why(board: RelayBoard) -> None:
    chosen = words.about(line_of(board, "fra1"), board.found)
    assert "Frankfurt, DE" in chosen[0]
    assert "Now: 22 ms to it + 9.0 ms on to the game = 31 ms, 27 ms less than direct" in chosen
    assert "Why: chosen" in chosen
    lost = words.about(line_of(board, "ams1"), board.found)
    assert any(text.startswith("Why: standby, behind by") for text in lost)
    assert "Why: closing down" in words.about(line_of(board, "waw1"), board.found)


def test_names_from_a_server_cannot_draw_on_the_screen(board: RelayBoard) -> None:
    evil = msgspec.structs.replace(line_of(board, "fra1").node, name="a\x1b[2Jb", city="c\u202ed")
    line = RelayLine(evil, msgspec.structs.replace(line_of(board, "fra1").row, name=evil.name, city=evil.city), (), None, None, None, is_chosen=False)  # fmt: skip
    said = "".join(words.cells(line, words.columns(wide=True, for_game=True), Marks.ASCII) + words.about(line, None))
    assert "\x1b" not in said
    assert "\u202e" not in said
