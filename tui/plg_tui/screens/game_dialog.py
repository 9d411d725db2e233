"""Which game? One field, and under it the game that the words mean."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from textual import on, work
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import Input

from plg.api.errors import ApiError
from plg.cli.api_failures import explain_api_error
from plg.cli.language import _
from plg.cli.output import safe_text
from plg.contract.games import GameSummary
from plg_tui.screens.dialogs import Dialog
from plg_tui.server_desk import ServerDesk
from plg_tui.widgets.plain_text import PlainText

PAUSE_S: Final = 0.12
"""Implementation. So long nothing is typed before the server is asked: between two keys of a quick typist."""


class GameDialog(Dialog[str]):
    """Gives the slug of a game, or None. Names are understood as in the list of games: both languages, typing errors forgiven."""

    def __init__(self, desk: ServerDesk) -> None:
        super().__init__()
        self._desk = desk

    def content(self) -> Iterable[Widget]:
        yield PlainText(_("The way to which game?"), classes="title")
        yield Input(id="game", compact=True, placeholder=_("Search a game"))
        yield PlainText(_("Enter takes the first one found"), id="found")

    @on(Input.Changed)
    def _typed(self) -> None:
        self._look()

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        await asyncio.sleep(PAUSE_S)
        games = await self._games()
        if games is not None:
            names = ", ".join(safe_text(game.name) for game in games[:3])
            self._say(f"→ {names}" if names else _("no game is called that"))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._take()

    @work(exclusive=True, group="look")
    async def _take(self) -> None:
        games = await self._games()
        if games:
            self.dismiss(games[0].slug)
        elif games is not None:
            self._say(_("no game is called that"))

    async def _games(self) -> list[GameSummary] | None:
        """The games that the field means, best first; none for an empty field. None when the server said nothing."""
        text = self.query_one(Input).value.strip()
        if not text:
            return []
        try:
            return (await self._desk.games(text, None)).games
        except ApiError as error:
            self._say(explain_api_error(error).message)
            return None

    def _say(self, text: str) -> None:
        with suppress(NoMatches):  # it may just be closing
            self.query_one("#found", PlainText).show(text)
