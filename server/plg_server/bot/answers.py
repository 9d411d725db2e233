"""What the bot says, before anything of Telegram is known: a text in Telegram's HTML and the buttons under it."""

from dataclasses import dataclass

MOST_TEXT_CHARS = 4096
"""Of one message, after its marks were read (core.telegram.org/bots/api#sendmessage)."""

MOST_DATA_BYTES = 64
"""Of what a button sends back (core.telegram.org/bots/api#inlinekeyboardbutton)."""


@dataclass(frozen=True, slots=True)
class Button:
    """Pressed, it sends `data` back to the bot, or opens `url`: exactly one of the two is set."""

    label: str
    data: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        if bool(self.data) is bool(self.url) or not self.label:
            raise ValueError("a button has a label, and either data or an address")
        if len(self.data.encode()) > MOST_DATA_BYTES:
            raise ValueError(f"a button sends at most {MOST_DATA_BYTES} bytes back")


@dataclass(frozen=True, slots=True)
class Answer:
    """One message. `buttons` are rows."""

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a message has a text")


def cut(text: str, most_bytes: int) -> str:
    """The beginning of a text that fits, no character of it broken."""
    return text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")
