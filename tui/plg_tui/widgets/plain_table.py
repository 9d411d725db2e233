"""A table whose cells are shown as they are: Textual's own reads markup in them, and names come from servers."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.text import Text
from textual.content import Content
from textual.widgets import DataTable

from plg.cli.output import safe_text


class PlainTable(DataTable[Text]):
    """Rows are chosen, not cells."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id, cursor_type="row", zebra_stripes=False)

    def add_titles(self, titles: Iterable[str]) -> None:
        for title in titles:
            self.add_column(Text(title))

    def add_plain_row(self, cells: Iterable[str], *, key: str | None = None) -> None:
        self.add_row(*(Text(safe_text(cell)) for cell in cells), key=key)

    def fill(self, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Other columns and rows than before, each column as wide as its widest cell.

        Textual itself measures a moment later, and a table that is drawn before that (while its terminal is resized) keeps the narrow picture.
        """
        texts = [[safe_text(cell) for cell in row] for row in rows]
        self.clear(columns=True)
        for place, title in enumerate(titles):
            self.add_column(Text(title), width=max(cell_len(text) for text in (title, *(row[place] for row in texts))))
        for row in texts:
            self.add_row(*map(Text, row))

    def row_texts(self, row: int) -> list[str]:
        """What stands in a row, by its place from the top."""
        return [cell.plain for cell in self.get_row_at(row)]


def plain_options(values: Iterable[str]) -> list[tuple[Content, str]]:
    """For a Select: each value under its own name, shown as it is."""
    return [(Content(safe_text(value)), value) for value in values]
