"""Settings: how the dashboard looks (dashboard.json), how games are connected (config.toml), what starts at login, hooks and the log."""

from collections.abc import Iterable, Sequence
from typing import Final

from textual import on
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, Input, RadioSet

from plg.capture.choose import PREFERENCES
from plg.cli.cli_error import CliError
from plg.cli.config_keys import find_key
from plg.cli.language import N_, Language, _, spoken
from plg.cli.output import safe_text
from plg.machine.service_log import LOG_NAME
from plg_tui.autostart import Autostart, AutostartRefused, autostart_place
from plg_tui.config_choices import ConfigChoices, read_budget
from plg_tui.graph_drawing import Marks
from plg_tui.screens.log_dialog import LogDialog
from plg_tui.screens.page import Page
from plg_tui.themes import TITLES
from plg_tui.widgets.choice_button import ChoiceButton
from plg_tui.widgets.plain_text import PlainText

LANGUAGES = ((Language.EN.value, "English"), (Language.RU.value, "Русский"))
"""Each in itself: whoever cannot read the language in use must find the own one."""

_MARKS = (
    (Marks.BRAILLE.value, N_("Braille dots")),
    (Marks.BLOCK.value, N_("Half blocks")),
    (Marks.ASCII.value, "ASCII"),
)
_MODES = (
    ("", N_("server decides")),
    ("redundant", N_("two ways")),
    ("adaptive", N_("adaptive")),
    ("off", N_("one way")),
)
_AUTOSTART = (
    (Autostart.OFF.value, N_("nothing")),
    (Autostart.DASHBOARD.value, N_("the dashboard")),
    (Autostart.WATCH.value, N_("plg watch: boosts games by itself")),
)
_NOT_SET: Final = "-"


class SettingsScreen(Page):
    NAME = "settings"
    SCOPED_CSS = False
    CSS = """
    SettingsScreen .row { height: auto; }
    SettingsScreen .label { width: 15; }
    SettingsScreen RadioSet { layout: horizontal; width: 1fr; height: auto; }
    SettingsScreen RadioButton { width: auto; margin-right: 1; }
    SettingsScreen #max_overhead { width: 7; margin-left: 1; }
    SettingsScreen .hint { width: 1fr; padding-left: 2; }
    SettingsScreen Button { width: auto; min-width: 0; padding: 0 1; }
    SettingsScreen #trouble { color: $error; }
    SettingsScreen Input > .input--placeholder { color: $foreground 85%; }
    """

    def content(self) -> Iterable[Widget]:
        self._config = ConfigChoices(self.dashboard.invocation)
        self._place = autostart_place(self.dashboard.invocation.environ)
        with VerticalScroll():
            yield PlainText(_("Look"), classes="title")
            yield from _choice(_("Language"), "language", LANGUAGES, spoken().value)
            yield from _choice(
                _("Theme"), "theme", [(name, _(title)) for name, title in TITLES.items()], self.app.theme
            )
            yield from _choice(
                _("Graph"), "marks", [(name, _(title)) for name, title in _MARKS], self.dashboard.marks.value
            )
            yield PlainText(_("Connecting"), classes="title")
            yield from self._connecting()
            yield PlainText(_("When I log in to this machine, start"), classes="title")
            yield from self._login_start()
            yield PlainText(_("Hooks"), classes="title")
            yield PlainText(self._hooks(), id="hooks")
            yield PlainText(_("Log of a tunnel in the background"), classes="title")
            with Horizontal(classes="row"):
                yield Button(_("Show the last lines"), id="log", compact=True)
                yield PlainText(
                    safe_text(str(self.dashboard.place.directory / LOG_NAME)), id="log-path", classes="hint"
                )
            yield PlainText(_("Account"), classes="title")
            with Horizontal(classes="row"):
                yield Button(_("Log in"), id="login", compact=True, variant="primary")
                yield PlainText(
                    _("Server: {server}").format(server=self.dashboard.server_url), id="account", classes="hint"
                )
            yield PlainText(self._origin(), id="origin", classes="note")

    def on_mount(self) -> None:
        for trouble in self.query("#trouble").results(PlainText):
            trouble.show(trouble.shown)  # an empty one takes no line

    # --- parts -----------------------------------------------------------------------------------------------------------

    def _connecting(self) -> Iterable[Widget]:
        try:
            capture = self._config.value("capture") or PREFERENCES[0]
            mode, budget = self._config.value("mode"), self._config.value("max_overhead")
            variables = [self._config.variable(name) for name in ("capture", "mode", "max_overhead")]
        except CliError as error:
            yield PlainText(safe_text(error.message), id="trouble")
            return
        yield from _choice(_("Capture"), "capture", [(way, way) for way in PREFERENCES], capture)
        yield from _choice(
            _("Several ways"), "mode", [(f"mode-{name}", _(title)) for name, title in _MODES], f"mode-{mode}"
        )
        with Horizontal(classes="row"):
            yield PlainText(_("Byte budget"), classes="label")
            yield Input(budget, placeholder=_budget_default(), id="max_overhead", compact=True, max_length=8)
            yield PlainText(_("times the game's bytes at most; Enter keeps it"), classes="hint")
        yield PlainText(id="trouble")
        named = [name for name in variables if name is not None]
        if named:
            text = _("{variables} goes before config.toml").format(variables=", ".join(named))
            yield PlainText(text, id="variables")

    def _login_start(self) -> Iterable[Widget]:
        if self._place is None:
            yield PlainText(_("Not to be set here: under sudo, or on this system, there is no place for it."))
            return
        titles = [(f"start-{name}", _(title)) for name, title in _AUTOSTART]
        with RadioSet(id="autostart", compact=True):
            for name, title in titles:
                yield ChoiceButton(title, name == f"start-{self._place.read().value}", id=name)
        yield PlainText(safe_text(self._place.where), id="autostart-place")

    def _hooks(self) -> str:
        try:
            hooks = self._config.hooks()
        except CliError as error:
            return safe_text(error.message)
        lines = [f"{name}: {safe_text(target) if target else _NOT_SET}" for name, target in hooks]
        file = safe_text(str(self.dashboard.invocation.settings.file))
        return "\n".join([*lines, _("Set with plg config set hooks.NAME; they stand in {file}").format(file=file)])

    def _origin(self) -> str:
        text = _("Kept in {file}").format(file=self.dashboard.preferences_file)
        if self.dashboard.language_is_given:
            text += "\n" + _("At the next start --lang, PLG_LANG or config.toml decides the language again.")
        return text

    # --- choices ---------------------------------------------------------------------------------------------------------

    @on(Button.Pressed, "#login")
    def _log_in(self) -> None:
        self.dashboard.action_log_in()

    @on(Button.Pressed, "#log")
    def _show_log(self) -> None:
        self.app.push_screen(LogDialog(self.dashboard.place))

    @on(RadioSet.Changed)
    def _chosen(self, event: RadioSet.Changed) -> None:
        value = event.pressed.id or ""
        match event.radio_set.id:
            case "language":
                self.dashboard.choose_language(Language(value))
            case "theme":
                self.dashboard.choose_theme(value)
            case "marks":
                self.dashboard.choose_marks(Marks(value))
            case "capture":
                self._keep("capture", value if value != PREFERENCES[0] else None)
            case "mode":
                self._keep("mode", value.removeprefix("mode-") or None)
            case "autostart":
                self._start_at_login(Autostart(value.removeprefix("start-")))

    @on(Input.Submitted, "#max_overhead")
    def _budget(self, event: Input.Submitted) -> None:
        try:
            budget = read_budget(event.value)
        except ValueError:
            self._trouble(_("'{text}' is no number").format(text=safe_text(event.value)))
            return
        self._keep("max_overhead", budget)

    def _keep(self, name: str, value: str | float | None) -> None:
        try:
            self._config.keep(name, value)
        except CliError as error:
            self._trouble(f"{error.message}. {error.next_step}" if error.next_step else error.message)
        else:
            self._trouble("")
            self.notify(_("Kept for the next connection."), markup=False)

    def _trouble(self, text: str) -> None:
        self.query_one("#trouble", PlainText).show(safe_text(text))

    def _start_at_login(self, wanted: Autostart) -> None:
        if self._place is None or self._place.read() is wanted:
            return
        try:
            self._place.write(wanted)
        except AutostartRefused as error:
            text = _("The choice could not be kept: {why}").format(why=error.why)
            self.notify(text, severity="error", markup=False)


def _choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> Iterable[Widget]:
    with Horizontal(classes="row"):
        yield PlainText(label, classes="label")
        with RadioSet(id=name, compact=True):
            for value, title in options:
                yield ChoiceButton(title, value == chosen, id=value)


def _budget_default() -> str:
    key = find_key("max_overhead")
    return "" if key is None or key.default is None else str(key.default)
