"""The dashboard itself: what all screens share, and what the keys of every screen do. It owns no tunnel: it attaches and lets go."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final

import msgspec
from textual import events, on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.css.query import NoMatches

from plg.cli.invocation import Invocation
from plg.cli.language import N_, Language, _, speak, spoken
from plg.cli.output import safe_text
from plg.cli.settings import ServerAddress
from plg.contract.accounts import Account
from plg.contract.cli_output import StatusDocument
from plg.tunnel.control_client import NoTunnel, TunnelSilent
from plg.tunnel.control_protocol import StopMode
from plg.tunnel.runtime_place import runtime_place
from plg.tunnel.states import OFF
from plg_tui.commands import DashboardCommands
from plg_tui.connecting import ConnectFailed, ConnectWish, connect_detached
from plg_tui.disconnecting import Ended, MatchLive, Refused, WaitsForMatch, end_tunnel
from plg_tui.graph_drawing import Marks
from plg_tui.keymap import checked_keys
from plg_tui.live_feed import LiveFeed
from plg_tui.live_history import LiveHistory
from plg_tui.messages import TunnelGone, TunnelSeen, TunnelTrouble
from plg_tui.preferences import FILE_NAME, damage, load_preferences, save_preferences, usual_marks
from plg_tui.screens.dialogs import Dialog, change_question, leave_question, match_question
from plg_tui.screens.games import GamesScreen
from plg_tui.screens.help import HelpScreen
from plg_tui.screens.history import HistoryScreen
from plg_tui.screens.page import Page
from plg_tui.screens.relays import RelaysScreen
from plg_tui.screens.session import SessionScreen
from plg_tui.screens.settings import SettingsScreen
from plg_tui.screens.sign_in import SignInDialog
from plg_tui.screens.subscription import SubscriptionScreen
from plg_tui.server_desk import ServerDesk
from plg_tui.themes import THEMES, TITLES
from plg_tui.tunnel_cost import TunnelCost

PAGES: Final[dict[str, type[Page]]] = {
    page.NAME: page
    for page in (
        SessionScreen,
        GamesScreen,
        RelaysScreen,
        SettingsScreen,
        HistoryScreen,
        SubscriptionScreen,
        HelpScreen,
    )
}


CONNECTING_SHOWN_S: Final = 60.0
"""Implementation. Until it is done, whatever that takes on a slow machine."""
FAILURE_SHOWN_S: Final = 15.0
"""Implementation. Long enough to read the reason and the next step."""


class Dashboard(App[bool]):
    """Ends with whether a tunnel still runs. `clock` goes only forward, in seconds."""

    CSS_PATH = "plg.tcss"
    COMMANDS = {DashboardCommands}  # noqa: RUF012 - Textual's own way
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "open_screen('help')", N_("Help"), show=False, id="help"),
        Binding("f2", "open_screen('session')", N_("Session"), show=False, id="session"),
        Binding("f3", "open_screen('games')", N_("Games"), show=False, id="games"),
        Binding("f4", "open_screen('relays')", N_("Relays"), show=False, id="relays"),
        Binding("f5", "open_screen('settings')", N_("Settings"), show=False, id="settings"),
        Binding("f6", "open_screen('history')", N_("History"), show=False, id="history"),
        Binding("f7", "open_screen('subscription')", N_("Plan"), show=False, id="subscription"),
        Binding("q", "leave", N_("Leave"), id="leave"),
        Binding("ctrl+q", "leave", show=False, priority=True),
        Binding(
            "ctrl+p", "command_palette", N_("Commands"), show=False, priority=True, key_display="^p", id="commands"
        ),
    ]

    def __init__(
        self, invocation: Invocation, server: ServerAddress, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.invocation = invocation
        self.address = server
        self.clock = clock
        self.place = runtime_place(invocation.environ)
        self.status: StatusDocument | None = None
        self.trouble: str | None = None
        self.history = LiveHistory()
        self.cost = TunnelCost()
        self.window = 0
        self.query_text = ""
        self.chosen_game: str | None = None
        self._tunnel_over = asyncio.Event()
        self._tunnel_over.set()
        self.desk = ServerDesk(invocation, server, self._warn)
        self._preferences = load_preferences(invocation.settings.directory)
        self.marks = self._preferences.marks or usual_marks(invocation.environ)
        self.language_is_given = invocation.settings.language(invocation.flags.lang) is not None
        if self._preferences.language is not None and not self.language_is_given:
            speak(self._preferences.language)
        for theme in THEMES:
            self.register_theme(theme)
        asked = invocation.settings.found("theme")
        self.theme = asked.text if asked is not None and asked.text in TITLES else self._preferences.theme
        self.feed = LiveFeed(
            self.place,
            seen=lambda status: self.post_message(TunnelSeen(status)),
            gone=lambda: self.post_message(TunnelGone()),
            trouble=lambda why: self.post_message(TunnelTrouble(why)),
        )

    # --- what screens ask ------------------------------------------------------------------------------------------------

    @property
    def server_url(self) -> str:
        return self.address.url

    @property
    def preferences_file(self) -> Path:
        return self.invocation.settings.directory / FILE_NAME

    # --- begin and end ---------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self._use_keys()
        self.push_screen(SessionScreen())
        self.feed.start()

    def _use_keys(self) -> None:
        """The player's own keys; what cannot be used of them is named."""
        settings = self.invocation.settings
        keys = checked_keys({act: str(value) for act, value in settings.table("keys").items()})
        self.set_keymap(keys.keymap)
        faults = [f"{settings.file.name}: {fault}" for fault in keys.faults]
        broken = damage(self.invocation.settings.directory)
        if broken is not None:
            faults.append(_("{file} cannot be read: {why}").format(file=self.preferences_file, why=safe_text(broken)))
        for fault in faults:
            self.notify(fault, severity="warning", timeout=FAILURE_SHOWN_S, markup=False)

    def on_unmount(self) -> None:
        self.feed.close()

    # --- the tunnel ------------------------------------------------------------------------------------------------------

    @on(TunnelSeen)
    def _seen(self, message: TunnelSeen) -> None:
        self.take_status(message.status)

    def take_status(self, status: StatusDocument) -> None:
        """One status of the tunnel, or off."""
        self._now(None if status.state == OFF else status)
        if self.status is not None:
            self.history.take(status, self.clock())
        self._tell_page()

    @on(TunnelGone)
    def _gone(self) -> None:
        self._now(None)
        self._tell_page()

    @on(TunnelTrouble)
    def _troubled(self, message: TunnelTrouble) -> None:
        self._now(None, message.why)
        self._tell_page()

    def _now(self, status: StatusDocument | None, trouble: str | None = None) -> None:
        self.status, self.trouble = status, trouble
        if status is None:
            self._tunnel_over.set()
        else:
            self._tunnel_over.clear()

    def _tell_page(self) -> None:
        page = self.page
        if page is not None and page.is_mounted:
            with suppress(NoMatches):  # a screen that is just closing has lost its parts
                page.tunnel_changed()

    @property
    def page(self) -> Page | None:
        """The screen of the top bar that is open, also under a dialog."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, Page)), None)

    @work(exclusive=True, group="disconnect")
    async def action_disconnect(self) -> None:
        """End the tunnel; a live match is asked about first."""
        if self.status is None:
            self.notify(_("No tunnel is running."))
            return
        await self._disconnect()

    async def _disconnect(self) -> bool:
        """Whether it has ended, or ends by itself after the match."""
        outcome = await self._end(StopMode.ASK)
        if isinstance(outcome, MatchLive):
            answer = await self.push_screen_wait(match_question())
            if answer not in {StopMode.WAIT.value, StopMode.NOW.value}:
                return False
            outcome = await self._end(StopMode(answer))
        match outcome:
            case Ended():
                self.notify(_("Disconnected; everything is as it was."))
            case WaitsForMatch():
                self.notify(_("The tunnel leaves when the match is over."))
            case Refused(why):
                self.notify(
                    _("The running tunnel does not answer: {why}").format(why=why), severity="error", markup=False
                )
                return False
        return True

    async def _end(self, mode: StopMode) -> Ended | MatchLive | WaitsForMatch | Refused:
        try:
            return await self.run_worker(lambda: end_tunnel(self.place, mode), thread=True).wait()
        except Exception as error:
            cause = error.__cause__ or error
            if isinstance(cause, NoTunnel):
                return Ended()
            if isinstance(cause, TunnelSilent):
                return Refused(str(cause))
            raise

    def connect(self, wish: ConnectWish | None) -> None:
        """Start a tunnel in the background and show it; log in first where that is needed."""
        if wish is not None:
            self._connect(wish)

    @work(exclusive=True, group="connect anew")
    async def connect_anew(self, wish: ConnectWish, through: str) -> None:
        """As `connect`; a tunnel that runs is ended first, if the person wants that."""
        if self.status is not None:
            answer = await self.push_screen_wait(change_question(through))
            if answer != "change" or not await self._disconnect():
                return
            await self._tunnel_over.wait()  # one may wait for its match to end
        self._connect(wish)

    @work(exclusive=True, group="connect")
    async def _connect(self, wish: ConnectWish) -> None:
        self.chosen_game = wish.game
        begun = _("Connecting {game}; this takes a few seconds.").format(game=wish.game)
        self.notify(begun, timeout=CONNECTING_SHOWN_S, markup=False)
        failed = await connect_detached(self.invocation, self.address, wish)
        self.clear_notifications()
        if failed is not None and failed.needs_sign_in and await self._log_in():
            failed = await connect_detached(self.invocation, self.address, wish)
        if isinstance(failed, ConnectFailed):
            self.notify(failed.text, title=_("Not connected"), severity="error", timeout=FAILURE_SHOWN_S, markup=False)
            return
        self.action_open_screen("session")

    def action_log_in(self) -> None:
        if isinstance(self.screen, Page):
            self.push_screen(SignInDialog(self.desk, self.address.url), self._welcome)

    async def _log_in(self) -> bool:
        account = await self.push_screen_wait(SignInDialog(self.desk, self.address.url))
        self._welcome(account)
        return account is not None

    def _welcome(self, account: Account | None) -> None:
        if account is not None:
            text = _("Logged in at {server} as {email}.")
            self.notify(text.format(server=self.address.url, email=account.email), markup=False)

    def _warn(self, text: str) -> None:
        self.notify(text, severity="warning", markup=False)

    # --- keys of every screen --------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys wait for a dialog that opens."""
        screens = self.screen_stack
        if isinstance(event, events.Key) and not event.is_forwarded and screens and isinstance(screens[-1], Dialog):
            await screens[-1].opened()
        await super().on_event(event)

    def action_open_screen(self, name: str) -> None:
        page = PAGES.get(name)
        if page is not None and len(self.screen_stack) <= 2 and isinstance(self.screen, Page):
            self.switch_screen(page())

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=_("Search the commands")))

    async def action_quit(self) -> None:
        self.action_leave()

    def action_help_quit(self) -> None:
        """Ctrl-C: as everywhere, it leaves."""
        self.action_leave()

    @work(exclusive=True, group="leave")
    async def action_leave(self) -> None:
        """Asks what becomes of a tunnel that runs."""
        if self.status is None:
            self.exit(False)
            return
        answer = await self.push_screen_wait(leave_question())
        if answer == "keep":
            self.exit(True)
        elif answer == "end" and await self._disconnect():
            self.exit(False)

    # --- choices ---------------------------------------------------------------------------------------------------------

    def choose_language(self, language: Language) -> None:
        speak(language)
        self._keep(language=language)
        self._open_anew()

    def choose_theme(self, theme: str) -> None:
        self.theme = theme
        self._keep(theme=theme)

    def choose_marks(self, marks: Marks) -> None:
        self.marks = marks
        self._keep(marks=marks)

    def action_other_theme(self) -> None:
        names = list(TITLES)
        self.choose_theme(names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0])

    def action_other_language(self) -> None:
        self.choose_language(Language.EN if spoken() is Language.RU else Language.RU)

    def _open_anew(self) -> None:
        page = self.page
        if page is not None and isinstance(self.screen, Page):
            self.switch_screen(type(page)())

    def _keep(self, **changes: object) -> None:
        self._preferences = msgspec.structs.replace(self._preferences, **changes)
        why = save_preferences(self.invocation.settings.directory, self._preferences)
        if why is not None:
            self._warn(_("The choice could not be kept: {why}").format(why=why))
