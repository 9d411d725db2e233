"""Options whose mark says by its shape whether they are chosen: Textual's own say it by colour alone."""

from textual.widgets import Checkbox, RadioButton


class ChoiceButton(RadioButton):
    """One of several."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802 - a class variable there
        return "●" if self.value else " "


class ChoiceBox(Checkbox):
    """Yes or no."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802 - a class variable there
        return "X" if self.value else " "
