"""The strings that people read, and the Russian catalogues: read, compared, compiled. The commands and the dashboard are one room with
catalogues of its own, the server's pages another.

Run as a program, `python tests/support/translations.py [--pages] [CATALOGUE [FILE...]]`, it keeps the catalogues in step with the source: it drops
what is marked no more, adds what has no Russian to CATALOGUE.po for somebody to translate (only what stands in the FILEs, when some are
named; without CATALOGUE it only lists it), and compiles.
"""

import fcntl
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Room:
    """What talks to people, and where its Russian lies."""

    sources: tuple[Path, ...]
    russian: Path
    methods: tuple[tuple[str, str], ...] = (("**.py", "python"),)

    def marked_strings(self) -> "dict[MessageId, str]":
        """Every marked string, with a place where it stands."""
        found: dict[MessageId, str] = {}
        for source in self.sources:
            rows = extract_from_dir(source, list(self.methods), OPTIONS, keywords=KEYWORDS)
            for file, line, message, _comments, _context in rows:
                identity: MessageId = (message[0], message[1]) if isinstance(message, tuple) else message
                if identity:
                    found.setdefault(identity, f"{source.relative_to(ROOT)}/{file}:{line}")
        return found

    def catalogue_files(self) -> list[Path]:
        """Its catalogues."""
        return sorted(self.russian.glob("*.po"))


CLI, PAGES_FOLDER = ROOT / "plg" / "cli", ROOT / "server" / "plg_server" / "pages"
TERMINAL = Room((CLI, ROOT / "tui" / "plg_tui"), CLI / "locale" / "ru" / "LC_MESSAGES")
PAGES = Room(
    (PAGES_FOLDER,),
    PAGES_FOLDER / "locale" / "ru" / "LC_MESSAGES",
    (("**.py", "python"), ("templates/**.html", "jinja2")),
)
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
"""`silent`: a template that does not parse is an error, not an empty one."""
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}

MessageId = str | tuple[str, str]
"""A marked string, or its singular and plural."""


def read_catalogue(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale="ru")


def identity(message_id: object) -> MessageId:
    """Babel's message id as ours."""
    return (message_id[0], message_id[1]) if isinstance(message_id, list | tuple) else str(message_id)


def compiled(catalogue: Catalog) -> bytes:
    """The `.mo` of a catalogue: the same bytes whenever it is made."""
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def new_catalogue() -> Catalog:
    """An empty Russian catalogue without the dates and names that would change at every write."""
    return Catalog(locale="ru", project="plg", version="1", fuzzy=False, header_comment="# Russian for plg.")


def save(catalogue: Catalog, path: Path) -> None:
    text = io.BytesIO()
    write_po(text, catalogue, width=0, omit_header=True, ignore_obsolete=True)
    plural = f"Plural-Forms: {catalogue.plural_forms}\\n"
    header = f'msgid ""\nmsgstr ""\n"Language: ru\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n"{plural}"\n\n'
    path.write_bytes(header.encode() + text.getvalue())
    path.with_suffix(".mo").write_bytes(compiled(read_catalogue(path)))


def translations(message: Message) -> list[str]:
    """The Russian of a message: one text, or one for each plural form; empty texts are missing ones."""
    return [str(part) for part in message.string] if isinstance(message.string, list | tuple) else [str(message.string)]


@contextmanager
def alone() -> Iterator[None]:
    """Two runs at once would write each other's catalogues back."""
    with Path(__file__).open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def main(room: Room, name: str | None = None, *files: str) -> int:
    """Brings the catalogues up to date; 1 when a string is left without Russian."""
    marked = room.marked_strings()
    catalogues = {path: read_catalogue(path) for path in room.catalogue_files()}
    done = {
        identity(message.id)
        for old in catalogues.values()
        for message in old
        if message.id and all(translations(message))
    }
    left = {message_id: place for message_id, place in marked.items() if message_id not in done}
    placed: set[MessageId] = set()
    for path, old in catalogues.items():
        new = new_catalogue()
        for message in old:
            if not message.id or identity(message.id) in placed or identity(message.id) not in marked:
                continue
            if all(translations(message)) or identity(message.id) in left:
                placed.add(identity(message.id))
                new.add(message.id, message.string)
        save(new, path)
    if name is not None:
        path = room.russian / f"{name}.po"
        new = read_catalogue(path) if path.exists() else new_catalogue()
        for message_id, place in left.items():
            if message_id not in placed and (not files or place.rpartition(":")[0] in files):
                new.add(message_id)
        save(new, path)
    for message_id, place in left.items():
        sys.stderr.write(f"no Russian for {message_id!r} ({place})\n")
    return 1 if left else 0


if __name__ == "__main__":
    with alone():
        pages, *names = sys.argv[1:] if "--pages" in sys.argv[1:2] else ["", *sys.argv[1:]]
        raise SystemExit(main(PAGES if pages else TERMINAL, *names))
