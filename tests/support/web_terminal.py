"""The dashboard in a real browser: `plg dashboard --web` as a process, and the terminal in its page read as text."""

import asyncio
import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page

from plg.lab.product import PLG

FIND_TERMINAL = """
// The page's script keeps its terminal to itself: it is caught when it is first put into a field of that name.
Object.defineProperty(Object.prototype, "terminal", {
  configurable: true,
  set(value) {
    Object.defineProperty(this, "terminal", { value, writable: true, configurable: true, enumerable: true });
    if (value && value.buffer && value.loadAddon) { window.shownTerminal = value; }
  },
});
"""

READ_TERMINAL = """
() => {
  const terminal = window.shownTerminal;
  if (!terminal) { return ""; }
  const buffer = terminal.buffer.active, lines = [];
  for (let row = 0; row < terminal.rows; row++) { lines.push(buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? ""); }
  return lines.join("\\n");
}
"""


class WebTerminal:
    """The page's terminal as a person reads and types it; a picture of the page is kept when something is not seen."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self._folder = folder

    async def text(self) -> str:
        return str(await self.page.evaluate(READ_TERMINAL))

    async def see(self, condition: str | Callable[[str], bool], *, timeout_s: float = 30.0) -> str:
        """The text once it holds a word (or fulfils a condition); else the test fails with the text and a screenshot."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while True:
            shown = await self.text()
            if condition in shown if isinstance(condition, str) else condition(shown):
                return shown
            if loop.time() > deadline:
                picture = self._folder / "not-seen.png"
                await self.page.screenshot(path=picture)
                pytest.fail(f"not seen: {condition}; screenshot: {picture}\n{shown}")
            await asyncio.sleep(0.1)

    async def keys(self, *keys: str) -> None:
        """One after another at a quick hand's pace."""
        for key in keys:
            await self.page.keyboard.press(key)
            await asyncio.sleep(0.3)

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text, delay=15)


@contextmanager
def web_dashboard(
    environ: Mapping[str, str], folder: Path, *options: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The address of a dashboard, and its process; it is ended as by Ctrl-C."""
    log = folder / "web.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*PLG, "dashboard", "--web", "--json", *options], env=dict(environ), stdout=subprocess.PIPE, stderr=said
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, log.read_text()
        yield str(json.loads(line)["url"]), process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
