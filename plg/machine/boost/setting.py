"""One value of the system that can be read, written and put back, whatever it is made of."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

Value = str | int | None | Mapping[str, str]
"""What is kept in the journal. None: there is no value (a registry entry that does not exist). A mapping: one value for each thread."""


class SettingGone(Exception):
    """What the setting belongs to is not there any more: the process has ended, the device was taken out."""


class SettingRefused(Exception):
    """The system does not let us; the text says why in one line. `needs_rights`: root or an administrator could."""

    def __init__(self, why: str, *, needs_rights: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.needs_rights = needs_rights


class Outcome(StrEnum):
    """What putting back came to."""

    RESTORED = "restored"
    AS_BEFORE = "as_before"
    """It had its old value already."""
    GONE = "gone"
    """What it belonged to has ended, and the value with it."""
    LEFT = "left"
    """Somebody else has changed it since: it is theirs now."""


class Setting(Protocol):
    """`kind` is the journal's name of it, `where` what a later run needs to find it again (plain JSON values)."""

    @property
    def kind(self) -> str: ...

    @property
    def where(self) -> Mapping[str, str | int]: ...

    def read(self) -> Value:
        """The value now. Raises SettingGone, SettingRefused."""
        ...

    def write(self, value: Value) -> None:
        """Raises SettingGone, SettingRefused."""
        ...

    def holds(self, wanted: Value) -> bool:
        """Whether it has this value now. Raises as `read`."""
        ...

    def restore(self, before: Value, after: Value) -> Outcome:
        """Back to `before` where it still is what we made it. Raises SettingRefused."""
        ...


class PlainSetting:
    """The usual case: one value, compared as it is. Subclasses read and write."""

    def read(self) -> Value:
        raise NotImplementedError

    def write(self, value: Value) -> None:
        raise NotImplementedError

    def holds(self, wanted: Value) -> bool:
        return self.read() == wanted

    def restore(self, before: Value, after: Value) -> Outcome:
        try:
            now = self.read()
            if now == before:
                return Outcome.AS_BEFORE
            if now != after:
                return Outcome.LEFT
            self.write(before)
            if self.read() != before:
                raise SettingRefused("it does not take its old value")
        except SettingGone:
            return Outcome.GONE
        return Outcome.RESTORED
