"""The page that shows the dashboard in a browser: the terminal's box, and what stands there when it has ended.

Everything it loads comes from this machine; the terminal itself and its font are textual-serve's.
"""

import html
from typing import Final

from plg.cli.language import _, spoken

STATIC_FILES: Final = {
    "textual.js": ("js/textual.js", "text/javascript"),
    "xterm.css": ("css/xterm.css", "text/css"),
    "mono.ttf": ("fonts/RobotoMono-VariableFont_wght.ttf", "font/ttf"),
}
"""Name in the address -> file in textual-serve's folder of statics, and its type."""

PAGE_STYLE: Final = """
@font-face { font-family: "Roboto Mono"; src: url("mono.ttf"); font-weight: 100 700; }
html, body { margin: 0; height: 100%; background: #101418; color: #e6e6e6; overflow: hidden; font-family: "Roboto Mono", monospace; }
.textual-terminal { width: 100vw; height: 100vh; }
.box { position: fixed; inset: 0; display: none; flex-direction: column; align-items: center; justify-content: center; background: #101418; }
body:not(.-first-byte) #wait, body.-closed #ended { display: flex; }
body.-closed #wait { display: none; }
button { margin: 1em; padding: .6em 2em; font: inherit; color: #101418; background: #56b4e9; border: 0; cursor: pointer; }
"""

PAGE_SCRIPT: Final = """
document.getElementById("again").addEventListener("click", () => location.reload());
document.fonts.load("16px 'Roboto Mono'");
new MutationObserver((changes, observer) => {
  if (document.body.classList.contains("-first-byte")) {
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea").focus();
  }
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });
"""

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The terminal writes its own styles, therefore 'unsafe-inline' for those; nothing may come from, or go to, another place."""

HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer. The address holds the key, so it must reach no other page and no cache."""

FONT_SIZE_PX: Final = 16


def page(socket_url: str) -> str:
    """The HTML; `socket_url` is where the terminal connects to."""
    words = {
        "language": spoken().value,
        "wait": _("The dashboard is being opened…"),
        "ended": _("The dashboard is closed. A tunnel that runs goes on."),
        "again": _("Open it again"),
        "socket": socket_url,
    }
    safe = {name: html.escape(text, quote=True) for name, text in words.items()}
    return f"""<!doctype html>
<html lang="{safe["language"]}">
<head>
<meta charset="utf-8">
<title>PLG</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="xterm.css">
<link rel="stylesheet" href="page.css">
<script src="textual.js"></script>
<script src="page.js" defer></script>
</head>
<body>
<div id="wait" class="box">{safe["wait"]}</div>
<div id="ended" class="box">{safe["ended"]}<button type="button" id="again">{safe["again"]}</button></div>
<div id="terminal" class="textual-terminal" data-session-websocket-url="{safe["socket"]}" data-font-size="{FONT_SIZE_PX}"></div>
</body>
</html>
"""
