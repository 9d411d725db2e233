"""The dashboard inside the test's process: opened on a screen of any size, read as text and by its colours."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from rich.color import ColorType

from plg.cli.invocation import GlobalFlags, Invocation
from plg.cli.language import Language, speak
from plg_tui.app import Dashboard
from plg_tui.themes import DARK, LIGHT

SIZES = ((80, 24), (120, 40))

LOOK_INTERVAL_S = 0.03
STILL_LOOKS = 3
"""The screen and these looks take turns in one thread: three that see the same leave nothing that waits to be drawn."""


def dashboard_at(
    home: Path,
    *,
    language: Language = Language.EN,
    server: str = "http://127.0.0.1:1",
    clock: Callable[[], float] | None = None,
    **environ: str,
) -> Dashboard:
    """A dashboard with its configuration, its login and its tunnel's place under `home`."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {
        "PLG_CONFIG_DIR": str(home / "config"),
        "PLG_RUNTIME_DIR": str(runtime),
        "PLG_TOKEN_STORE": "file",
        "PLG_SERVER": server,
        "TERM": "xterm-256color",
    }
    run = Invocation(GlobalFlags(lang=language.value), settings | environ)
    speak(language)
    app = Dashboard(run, run.settings.server(None), **({} if clock is None else {"clock": clock}))
    app.animation_level = "none"
    return app


def screen_lines(app: Dashboard) -> list[str]:
    """What a person reads, line by line."""
    return ["".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips()]


def screen_text(app: Dashboard) -> str:
    return "\n".join(screen_lines(app))


def screen_colours(app: Dashboard) -> list[str]:
    """Every pair of colours in which letters, figures and the graph's dots stand, as "#rrggbb on #rrggbb"."""
    found = set()
    for segment in chain.from_iterable(app.screen._compositor.render_strips()):
        style = segment.style
        if (
            not any(letter.isalnum() or "\u2800" < letter <= "\u28ff" for letter in segment.text)
            or style is None
            or style.color is None
            or style.bgcolor is None
        ):
            continue
        if ColorType.TRUECOLOR in {style.color.type, style.bgcolor.type}:
            found.add(f"{style.color.get_truecolor().hex} on {style.bgcolor.get_truecolor().hex}")
    return sorted(found)


def contrast(pair: str) -> float:
    """The contrast ratio of WCAG 2 of one of `screen_colours`: 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    one, other = sorted(map(luminance, pair.split(" on ")))
    return (other + 0.05) / (one + 0.05)


async def until(condition: Callable[[], bool], what: str, *, timeout_s: float = 20.0) -> None:
    """Waits for something that another thread or process brings about."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while not condition():
        assert loop.time() < deadline, what
        await asyncio.sleep(0.05)


def ticking(start_s: float = 1_000.0, step_s: float = 0.1) -> Callable[[], float]:
    """A clock that goes on by `step_s` at each look."""

    def times() -> Iterator[float]:
        now_s = start_s
        while True:
            yield now_s
            now_s += step_s

    clock = times()
    return lambda: next(clock)


def picture(app: Dashboard) -> str:
    """The screen as it is compared with the one kept: its text, then the colours that stand on it."""
    return "\n".join([*screen_lines(app), "", *screen_colours(app)])


async def settled_picture(app: Dashboard, *, timeout_s: float = 20.0) -> str:
    """The picture once nothing moves on it any more: what a screen does after its first look takes longer on a busy machine."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    seen = picture(app)
    unchanged = 0
    while unchanged < STILL_LOOKS:
        assert loop.time() < deadline, f"the screen does not come to rest:\n{seen}"
        await asyncio.sleep(LOOK_INTERVAL_S)
        now = picture(app)
        unchanged = unchanged + 1 if now == seen else 0
        seen = now
    return seen


PICTURES = [(size, language, theme) for size in SIZES for language in Language for theme in (DARK, LIGHT)]
"""Every screen is kept in these: two sizes, two languages, two themes."""

picture_of = pytest.mark.parametrize(
    ("size", "language", "theme"), PICTURES, ids=[f"{s[0]}x{s[1]}-{la}-{t}" for s, la, t in PICTURES]
)

READABLE = 4.5
"""WCAG 2, level AA, for text of usual size."""
