"""Draws README's picture, docs/demo.svg, from a real run: `python docs/make_screenshot.py` (as root for the system's capture)."""

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("demo.svg")
WIDTH = 88
REMOTE_FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)
"""rich's own frame loads a font from the network; a picture in our README loads nothing."""


def draw(command: list[str], output: str) -> str:
    """An SVG terminal with the command and what it printed."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.assemble(("$ ", "bold green"), (" ".join(command), "bold")))
    console.print(Text(output.rstrip()), soft_wrap=False)
    return REMOTE_FONT.sub("", console.export_svg(title="PLG"))


if __name__ == "__main__":
    wanted = ["plg", "demo", "--seconds", "20"]
    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", *wanted], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    PICTURE.write_text(draw(wanted, run.stdout), encoding="utf-8")
