"""The game under the cursor: warnings, the last session, what the profile knows, and the two ways to connect."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Button

from plg.api.errors import ApiError
from plg.cli.api_failures import explain_api_error
from plg.cli.game_view import game_details
from plg.cli.language import _
from plg.cli.output import safe_text
from plg.contract.games import GameDetail, GameSummary
from plg.contract.sessions import SessionRecord
from plg_tui.game_order import Known, detail_badges, mark
from plg_tui.history_words import last_session
from plg_tui.widgets.plain_text import PlainText

if TYPE_CHECKING:
    from plg_tui.screens.page import Page

PAUSE_S: Final = 0.15
"""Implementation. A cursor that rests so long asks the server for the game; one that runs through the list does not."""
MOST_KEPT: Final = 300
"""Implementation. Profiles of a few kilobytes each that need not be asked for again while the screen is open."""


class GamePane(Vertical):
    """Asks the server for what it shows, and keeps it while it is open."""

    DEFAULT_CSS = """
    GamePane { background: $surface; padding: 0 1; display: none; }
    GamePane VerticalScroll { height: 1fr; padding: 0; }
    GamePane #title { text-style: bold; }
    GamePane #badges { color: $warning; }
    GamePane Horizontal { height: 1; }
    GamePane Button { width: auto; min-width: 0; padding: 0 1; margin-right: 1; }
    """

    class Connect(Message):
        """In the usual way."""

    class Options(Message):
        """Ask how first."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._slug: str | None = None
        self._kept: dict[str, GameDetail] = {}

    def compose(self) -> ComposeResult:
        yield PlainText(id="title")
        with VerticalScroll():
            yield PlainText(id="badges")
            yield PlainText(id="last")
            yield PlainText(id="facts")
        with Horizontal():
            yield Button(_("Connect"), id="connect", compact=True, variant="primary")
            yield Button(_("Options…"), id="options", compact=True)

    def clear(self) -> None:
        self._slug = None
        self.display = False

    def explain(self, game: GameSummary, known: Known, last: SessionRecord | None) -> None:
        """`last` is the newest session of this game, None when none is known."""
        word = mark(game.slug, known).strip()
        self._text("title", safe_text(f"{game.name}   {word}".rstrip()))
        self._text("last", "" if last is None else last_session(last))
        self.display = True
        if game.slug != self._slug:
            self._slug = game.slug
            self.query_one(VerticalScroll).scroll_home(animate=False)
            self._show_facts(game.slug)

    @work(exclusive=True)
    async def _show_facts(self, slug: str) -> None:
        page, game = cast("Page", self.screen), self._kept.get(slug)
        if game is None:
            await asyncio.sleep(PAUSE_S)
            try:
                game = await page.dashboard.desk.game(slug)
            except ApiError as error:
                if not page.was_left():
                    self._text("badges", "")
                    self._text("facts", explain_api_error(error).message)
                return
            if page.was_left():
                return
            if len(self._kept) < MOST_KEPT:
                self._kept[slug] = game
        self._text("badges", "\n".join(f"• {badge}" for badge in detail_badges(game)))
        rows = (f"{title}: {safe_text(text)}" for title, text in game_details(game) if text)
        self._text("facts", "\n".join(rows))

    def _text(self, name: str, text: str) -> None:
        self.query_one(f"#{name}", PlainText).show(text)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Connect() if event.button.id == "connect" else self.Options())
