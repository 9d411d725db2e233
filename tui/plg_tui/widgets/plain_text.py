"""Text without markup that is sent to the terminal only when it changed."""

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
            self._shown = text
            self.update(text)
        if bool(text) is not self.display:
            self.display = bool(text)
