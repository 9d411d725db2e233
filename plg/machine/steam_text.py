"""Reads the text form of Steam's files (KeyValues: libraryfolders.vdf, appmanifest_*.acf) as far as needed, whatever they hold.

Format: Valve Developer Community, "KeyValues": a name in quotes, then a text in quotes or a block in braces; `//` begins a comment,
`[$WIN32]` behind a value is a condition, which is passed over.
"""

import re
from typing import Final

MAX_DEPTH: Final = 16
"""Implementation. Steam's files go four blocks deep."""
MAX_ENTRIES: Final = 50_000
"""Implementation. libraryfolders.vdf names each app of a library in one line; nobody has that many."""
MAX_CHARS: Final = 2_000_000
"""Implementation. The largest such files have some hundred kilobytes."""

Block = dict[str, "str | Block"]
"""Names in small letters (Steam does not tell them apart by case); of a name that stands twice the last one counts."""

_TOKEN: Final = re.compile(
    r'\s+|//[^\n]*|(?P<brace>[{}])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<condition>\[[^\]\n]*\])|(?P<plain>[^\s{}"\[]+)',
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t"}


class NotSteamText(ValueError):
    """Not in that format, or larger or deeper than anything that Steam writes."""


def read_steam_text(text: str) -> Block:
    """The blocks of a file. Raises NotSteamText."""
    if len(text) > MAX_CHARS:
        raise NotSteamText("too large")
    root: Block = {}
    open_blocks = [root]
    name: str | None = None
    entries = place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise NotSteamText(f"neither a text nor a brace at character {place}")
        place = token.end()
        brace, quoted, plain = token["brace"], token["quoted"], token["plain"]
        if brace == "{":
            if name is None or len(open_blocks) > MAX_DEPTH:
                raise NotSteamText("a block without a name" if name is None else "too deep")
            inner: Block = {}
            open_blocks[-1][name] = inner
            open_blocks.append(inner)
            name = None
        elif brace == "}":
            if name is not None or len(open_blocks) == 1:
                raise NotSteamText("a name without a value" if name is not None else "a brace too many")
            open_blocks.pop()
        elif quoted is not None or plain is not None:
            value = (
                _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), quoted) if quoted is not None else plain
            )
            if name is None:
                name = value.casefold()
                continue
            entries += 1
            if entries > MAX_ENTRIES:
                raise NotSteamText("too many entries")
            open_blocks[-1][name] = value
            name = None
    if name is not None or len(open_blocks) > 1:
        raise NotSteamText("it ends in the middle")
    return root


def text_at(block: Block, *names: str) -> str | None:
    """The text under these names, one inside the other; None when there is none."""
    inner = block_at(block, *names[:-1])
    found = inner.get(names[-1].casefold()) if inner is not None else None
    return found if isinstance(found, str) else None


def block_at(block: Block, *names: str) -> Block | None:
    """The block under these names, one inside the other; None when there is none."""
    current = block
    for name in names:
        found = current.get(name.casefold())
        if not isinstance(found, dict):
            return None
        current = found
    return current
