"""How to connect, where the usual way is not wanted."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Input, RadioSet

from plg.capture.choose import PREFERENCES
from plg.cli.language import _
from plg.cli.output import safe_text
from plg_tui.connecting import ConnectWish
from plg_tui.screens.dialogs import Dialog
from plg_tui.widgets.choice_button import ChoiceBox, ChoiceButton
from plg_tui.widgets.plain_text import PlainText


class ConnectDialog(Dialog[ConnectWish]):
    """Gives a wish, or None."""

    def __init__(self, slug: str, name: str) -> None:
        super().__init__()
        self._slug = slug
        self._game_name = name

    def content(self) -> Iterable[Widget]:
        yield PlainText(_("Connect {game}").format(game=safe_text(self._game_name)), classes="title")
        yield PlainText(_("Game server, HOST:PORT; empty: all of the game's servers"))
        yield Input(id="target", compact=True)
        yield PlainText(_("How to take the packets"))
        with RadioSet(id="capture", compact=True):
            for way in PREFERENCES:
                yield ChoiceButton(way, way == PREFERENCES[0], id=way)
        yield ChoiceBox(_("Boost also when the direct way is better"), id="force", compact=True)
        yield Button(_("Connect"), id="connect", compact=True, variant="primary")

    @on(Button.Pressed)
    @on(Input.Submitted)
    def _connect(self) -> None:
        pressed = self.query_one(RadioSet).pressed_button
        self.dismiss(
            ConnectWish(
                self._slug,
                target=self.query_one("#target", Input).value.strip(),
                capture=pressed.id if pressed is not None and pressed.id else PREFERENCES[0],
                force=self.query_one(Checkbox).value,
            )
        )
