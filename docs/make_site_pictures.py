"""Draws the pictures of the server's pages: `python docs/make_site_pictures.py [terminal|stills]`.

`terminal` runs `plg demo` in each language (as root, for the system's capture) and draws what it printed as a recording, `terminal_LANGUAGE.svg`,
with its words in `terminal_LANGUAGE.txt` for whoever does not see pictures. `stills` draws what links to the site show, and the icons of
home screens, with the system's Chromium; reduce the PNGs to 32 colours afterwards (a third of the size, no difference to see). All go to
server/plg_server/pages/static.
"""

import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from xml.sax.saxutils import escape

STATIC = Path(__file__).resolve().parents[1] / "server" / "plg_server" / "pages" / "static"
LANGUAGES = ("en", "ru")
COMMAND = ("demo", "--seconds", "20")

COLUMNS = 72
"""At least: a table is never broken, and may be wider in another language."""

CHARACTER_PX, LINE_PX, TOP_PX, SIDE_PX = 9.0, 23.0, 78.0, 26.0
TYPED_FROM_S, TYPED_UNTIL_S = 0.3, 1.1
LONGEST_S = 4.6
"""A picture that moves by itself for more than five seconds needs a button that stops it (WCAG 2.2.2): so the time of the run is shortened."""

STYLE = """
text{font:15px ui-monospace,"Cascadia Mono","DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#cfd9e1;white-space:pre}
.p{fill:#3fd0a4;font-weight:700}.c{fill:#fff;font-weight:700}.d{fill:#8fa1af}.g{fill:#5fe0a0;font-weight:700}.t{fill:#8fa1af;font-size:13px}
.l{animation:s .18s both}.k{animation:s 1ms both}@keyframes s{from{opacity:0}to{opacity:1}}
@media (prefers-reduced-motion:reduce){.l,.k{animation:none}}
"""


def record(language: str) -> list[tuple[float, str]]:
    """What `plg demo` printed, each line with the second at which it came."""
    command = [sys.executable, "-u", "-m", "plg", "--lang", language, *COMMAND]
    began_s = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:  # noqa: S603 - our own command
        if run.stdout is None:
            raise SystemExit("no output to read")
        lines = [(time.monotonic() - began_s, line.rstrip()) for line in run.stdout]
    if run.returncode:
        raise SystemExit("\n".join(line for _, line in lines))
    return lines


def draw_recording(lines: list[tuple[float, str]], title: str) -> str:
    """An SVG that plays once and stands still afterwards; it stands still at once for whoever wants less motion."""
    columns = max(COLUMNS, *(len(line) for _, line in lines if _is_table(line)))
    rows = [(at_s, part) for at_s, line in lines for part in _wrapped(line, columns)]
    last_s = max(at_s for at_s, _ in rows) or 1.0
    width, height = 2 * SIDE_PX + columns * CHARACTER_PX, TOP_PX + (len(rows) + 2) * LINE_PX + 12
    room_s = LONGEST_S - TYPED_UNTIL_S
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"><style>{STYLE}</style>',
        f'<rect x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}" rx="14" fill="#0f171d" stroke="#2c3c48"/>',
        f'<path d="M1 44h{width - 2:g}" stroke="#22303a"/>',
        *(f'<circle cx="{26 + 20 * place}" cy="23" r="5.5" fill="#2c3c48"/>' for place in range(3)),
        f'<text class="t" x="{width / 2:g}" y="27.5" text-anchor="middle">{escape(title)}</text>',
        *_typed(f"plg {' '.join(COMMAND)}"),
    ]
    seen_s, order = -1.0, 0
    for row, (at_s, text) in enumerate(rows, start=1):
        order = order + 1 if at_s - seen_s < 0.3 else 0  # what came at once is drawn line by line, quickly
        seen_s = at_s
        delay_s = min(TYPED_UNTIL_S + room_s * at_s / last_s + 0.05 * order, LONGEST_S + 0.35)
        if text:
            y = TOP_PX + (row + 0.4) * LINE_PX
            drawn.append(
                f'<text class="l {_kind(text)}" x="{SIDE_PX:g}" y="{y:.1f}" style="animation-delay:{delay_s:.2f}s">{escape(text)}</text>'
            )
    return "".join([*drawn, "</svg>\n"])


def _typed(command: str) -> list[str]:
    step_s = (TYPED_UNTIL_S - TYPED_FROM_S) / len(command)
    letters = "".join(
        f'<tspan class="k" style="animation-delay:{TYPED_FROM_S + step_s * place:.2f}s">{escape(letter)}</tspan>'
        for place, letter in enumerate(command)
    )
    return [
        f'<text class="p" x="{SIDE_PX:g}" y="{TOP_PX:g}">$</text>',
        f'<text class="c" x="{SIDE_PX + 2 * CHARACTER_PX:g}" y="{TOP_PX:g}">{letters}</text>',
    ]


def _is_table(line: str) -> bool:
    """Columns are parted by more than one space."""
    return "  " in line


def _wrapped(line: str, columns: int) -> list[str]:
    return [line] if _is_table(line) or not line else textwrap.wrap(line, columns)


def _kind(text: str) -> str:
    """How a line is coloured: the verdict stands out, what explains steps back."""
    if text.startswith("PLG:"):
        return "g"
    return "" if _is_table(text) else "d"


def draw_terminal() -> None:
    """The recordings, really run."""
    for language in LANGUAGES:
        lines = record(language)
        (STATIC / f"terminal_{language}.svg").write_text(draw_recording(lines, "plg demo"), encoding="utf-8")
        words = [f"$ plg {' '.join(COMMAND)}", *(line for _, line in lines)]
        (STATIC / f"terminal_{language}.txt").write_text("\n".join(words) + "\n", encoding="utf-8")


CARD = """<body style="margin:0;width:1200px;height:630px;background:#0d1318;color:#e8eef2;font-family:system-ui,'Noto Sans',sans-serif;overflow:hidden;position:relative">
<svg style="position:absolute;right:0;bottom:40px" width="1200" height="330" viewBox="0 0 1200 330" fill="none" stroke-width="5" stroke-linecap="round">
<path d="M60 250C300 80 420 330 620 220S960 40 1140 170" stroke="#75838f" stroke-dasharray="3 16"/><path d="M60 250C380 150 760 190 1140 170" stroke="#3fd0a4"/>
<circle cx="60" cy="250" r="13" fill="#0d1318" stroke="#3fd0a4"/><circle cx="600" cy="179" r="13" fill="#0d1318" stroke="#3fd0a4"/><circle cx="1140" cy="170" r="13" fill="#3fd0a4"/></svg>
<div style="position:relative;padding:70px 80px"><div style="display:flex;align-items:center;gap:24px">MARK<b style="font-size:44px">PLGames Booster UP</b></div>
<p style="font-size:66px;line-height:1.12;font-weight:750;letter-spacing:-.02em;margin:44px 0 0;max-width:980px">A shorter way to your game. Taken only when it is shorter.</p></div></body>"""


def draw_stills() -> None:
    """What links show, and the icons of home screens and old browsers."""
    from playwright.sync_api import sync_playwright

    mark = (STATIC / "favicon.svg").read_text(encoding="utf-8")
    square = '<body style="margin:0">' + mark.replace("<svg ", '<svg width="{0}" height="{0}" style="display:block" ')
    full = square.replace('rx="8"', 'rx="0"')
    pictures = {
        "og.png": (CARD.replace("MARK", mark.replace("<svg ", '<svg width="84" height="84" ')), 1200, 630),
        "apple-touch-icon.png": (full.format(180), 180, 180),
        "icon-192.png": (full.format(192), 192, 192),
        "icon-512.png": (full.format(512), 512, 512),
        "favicon.ico": (square.format(32), 32, 32),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        for name, (html, width, height) in pictures.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_content(html)
            png = page.screenshot(omit_background=True)
            # An .ico may hold a PNG: a directory of one entry, then the picture.
            entry = struct.pack("<HHHBBBBHHII", 0, 1, 1, width % 256, height % 256, 0, 0, 1, 32, len(png), 22)
            (STATIC / name).write_bytes(entry + png if name.endswith(".ico") else png)
            page.close()
        browser.close()


PICTURES = {"terminal": draw_terminal, "stills": draw_stills}

if __name__ == "__main__":
    for wanted in sys.argv[1:] or PICTURES:
        PICTURES[wanted]()
