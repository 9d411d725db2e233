"""The keys, and what the figures mean."""

from collections.abc import Iterable

from textual.containers import VerticalScroll
from textual.widget import Widget

from plg.cli.language import N_, _
from plg_tui.screens.page import Page
from plg_tui.widgets.plain_text import PlainText

_TEXTS = (
    N_("""Keys everywhere
  F1 this page, F2 the session, F3 the games, F4 the relays, F5 the settings, F6 the history, F7 the plan
  Ctrl+P every command by its name, q or Ctrl+Q leave, Esc one step back
Keys of your own: plg config set keys.freeze f; the table [keys] of config.toml holds them"""),
    N_("""Session
The solid line is the way through PLG, the dashed one the way without it, both measured at the same time. "Through PLG" is the round trip to the relay plus the relay's own way to the game; where that is not known, only the way to the relay is shown, and named so. A figure that is not known is a question mark, never a guess.
  d disconnects, Space freezes the picture, + and - look closer or wider: 30 seconds, 2 or 10 minutes
  ● works, ○ ready, ▲ silent, ✕ dead, ◌ being opened, × in a strip: no answer in that second"""),
    N_("""Games
Type to search: names are found in English and Russian, with typing errors too.
  Enter connects, Ctrl+O asks for a game server and the way of capture first, f marks a favourite, F8 disconnects"""),
    N_("""Relays
Each is pinged from here every two seconds as long as the page is open. For a game the whole way is shown too: your ping to the relay plus its own way to the game; below the table stands why a relay won or lost.
  Enter connects through the relay under the cursor, g chooses the game, s sorts by the next column, r turns the order round, m measures at once; a click on a title sorts too
  ★ plg connect would take it, ● up, ▲ closing down or full, ✕ no answer, ◌ not measured"""),
    N_("""Leaving
The tunnel is a process of its own. The dashboard asks whether it is to go on when you leave; closing the terminal leaves it running. plg status shows it, plg disconnect ends it. plg dashboard --plain says the same as lines of words."""),
)


class HelpScreen(Page):
    NAME = "help"

    def content(self) -> Iterable[Widget]:
        with VerticalScroll():
            for text in _TEXTS:
                yield PlainText(_(text), classes="paragraph")
