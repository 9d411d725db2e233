"""Text without markup that is sent to the terminal only when it changed."""

from rich.cells import cell_len
from textual.widgets import Static


class PlainText(Static):
    """Whatever stands in the text is shown as it is: names come from servers."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(text, id=id, classes=classes, markup=False)
        self._shown = text

    @property
    def shown(self) -> str:
        return self._shown

    def show(self, text: str) -> None:
        """An empty text takes no room."""
        if text != self._shown:
            lines = self._lines(text)
            same_room = self._takes_its_width and lines is not None and lines == self._lines(self._shown)
            self._shown = text
            # Laying out the screen anew costs more than all its words; figures that change seldom need it.
            self.update(text, layout=not same_room)
        if bool(text) is not self.display:
            self.display = bool(text)

    @property
    def _takes_its_width(self) -> bool:
        return self.styles.width is None and self.size.width > 0

    def _lines(self, text: str) -> int | None:
        """How many lines it takes when none is wrapped; None when one is."""
        lines = text.split("\n")
        return len(lines) if all(cell_len(line) <= self.content_size.width for line in lines) else None
