"""Language, theme and the marks of the graph: chosen here, kept in dashboard.json."""

from collections.abc import Iterable

from textual import on
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, RadioSet

from plg.cli.language import N_, Language, _, spoken
from plg_tui.graph_drawing import Marks
from plg_tui.screens.page import Page
from plg_tui.themes import DARK, LIGHT
from plg_tui.widgets.choice_button import ChoiceButton
from plg_tui.widgets.plain_text import PlainText

LANGUAGES = ((Language.EN, "English"), (Language.RU, "Русский"))
"""Each in itself: whoever cannot read the language in use must find the own one."""

_THEMES = ((DARK, N_("Dark")), (LIGHT, N_("Light")))
_MARKS = ((Marks.BRAILLE, N_("Braille dots")), (Marks.BLOCK, N_("Half blocks")), (Marks.ASCII, "ASCII"))


class SettingsScreen(Page):
    NAME = "settings"

    def content(self) -> Iterable[Widget]:
        with VerticalScroll():
            yield PlainText(_("Language"), classes="title")
            with RadioSet(id="language", compact=True):
                for language, name in LANGUAGES:
                    yield ChoiceButton(name, language is spoken(), id=language.value)
            yield PlainText(_("Theme"), classes="title")
            with RadioSet(id="theme", compact=True):
                for theme, name in _THEMES:
                    yield ChoiceButton(_(name), theme == self.app.theme, id=theme)
            yield PlainText(_("Graph"), classes="title")
            with RadioSet(id="marks", compact=True):
                for marks, name in _MARKS:
                    yield ChoiceButton(_(name), marks is self.dashboard.marks, id=marks.value)
            yield PlainText(_("Account"), classes="title")
            yield PlainText(self._account(), id="account")
            yield Button(_("Log in"), id="login", compact=True, variant="primary")
            yield PlainText(self._origin(), id="origin", classes="note")

    def _account(self) -> str:
        return _("Server: {server}").format(server=self.dashboard.server_url)

    def _origin(self) -> str:
        text = _("Kept in {file}").format(file=self.dashboard.preferences_file)
        if self.dashboard.language_is_given:
            text += "\n" + _("At the next start --lang, PLG_LANG or config.toml decides the language again.")
        return text

    @on(Button.Pressed, "#login")
    def _log_in(self) -> None:
        self.dashboard.action_log_in()

    @on(RadioSet.Changed)
    def _chosen(self, event: RadioSet.Changed) -> None:
        value = event.pressed.id or ""
        match event.radio_set.id:
            case "language":
                self.dashboard.choose_language(Language(value))
            case "theme":
                self.dashboard.choose_theme(value)
            case _:
                self.dashboard.choose_marks(Marks(value))
