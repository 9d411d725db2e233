"""QR codes as SVG, made on the server: what is in them never leaves it, and no script is needed."""

import segno
from markupsafe import Markup

LONGEST_CHARS = 700
"""Longer texts make squares that a phone's camera cannot tell apart on a screen."""

BORDER_MODULES = 4
"""ISO/IEC 18004: the quiet zone."""


def qr_code(text: str, label: str) -> Markup:
    """The code with words for who cannot see it; nothing for a text that is too long to be of use.

    Dark on white in both themes: many readers take nothing else.
    """
    if not text or len(text) > LONGEST_CHARS:
        return Markup()
    made = segno.make(text, error="l", micro=False)
    size = len(made.matrix) + 2 * BORDER_MODULES
    steps = "".join(
        f"M{column},{line}h1v1h-1z"
        for line, modules in enumerate(made.matrix_iter(border=BORDER_MODULES))
        for column, is_dark in enumerate(modules)
        if is_dark
    )
    return Markup(
        '<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<rect width="{size}" height="{size}" fill="#fff"/><path d="{steps}" fill="#000"/></svg>'
    ).format(size=size, label=label, steps=steps)
