"""How to connect, where the usual way is not wanted."""

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Input, RadioSet

from plg.capture.choose import PREFERENCES
from plg.cli.language import N_, _
from plg.cli.output import safe_text
from plg_tui.connecting import ConnectWish
from plg_tui.screens.dialogs import Dialog
from plg_tui.widgets.choice_button import ChoiceBox, ChoiceButton
from plg_tui.widgets.plain_text import PlainText

MODES = (("", N_("as set")), ("redundant", N_("two ways")), ("adaptive", N_("adaptive")), ("off", N_("one way")))
"""What `plg connect --mode` takes, and its name for a person; the first one leaves it to the settings."""


class ConnectDialog(Dialog[ConnectWish]):
    """Gives a wish, or None. `capture` is the way that is set; it is chosen at first."""

    CSS = """
    ConnectDialog RadioSet { layout: horizontal; width: 100%; }
    ConnectDialog RadioButton { margin-right: 1; }
    """

    def __init__(self, slug: str, name: str, *, capture: str = PREFERENCES[0]) -> None:
        super().__init__()
        self._slug = slug
        self._game_name = name
        self._capture = capture if capture in PREFERENCES else PREFERENCES[0]

    def content(self) -> Iterable[Widget]:
        yield PlainText(_("Connect {game}").format(game=safe_text(self._game_name)), classes="title")
        yield PlainText(_("Game server, HOST:PORT; empty: all of the game's servers"))
        yield Input(id="target", compact=True)
        yield PlainText(_("How to take the packets"))
        with RadioSet(id="capture", compact=True):
            for way in PREFERENCES:
                yield ChoiceButton(way, way == self._capture, id=way)
        yield PlainText(_("How to use several ways"))
        with RadioSet(id="mode", compact=True):
            for mode, name in MODES:
                yield ChoiceButton(_(name), not mode, id=f"mode-{mode}")
        yield ChoiceBox(_("Boost also when the direct way is better"), id="force", compact=True)
        yield Button(_("Connect"), id="connect", compact=True, variant="primary")

    @on(Button.Pressed)
    @on(Input.Submitted)
    def _connect(self) -> None:
        way = self.query_one("#capture", RadioSet).pressed_button
        mode = self.query_one("#mode", RadioSet).pressed_button
        self.dismiss(
            ConnectWish(
                self._slug,
                target=self.query_one("#target", Input).value.strip(),
                capture=way.id if way is not None and way.id else self._capture,
                mode=(mode.id or "").removeprefix("mode-") if mode is not None else "",
                force=self.query_one(Checkbox).value,
            )
        )
