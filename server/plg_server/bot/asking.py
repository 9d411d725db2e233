"""Who asks the bot something, and how: a private chat, perhaps linked with an account; a command, or a button that was pressed."""

from dataclasses import dataclass

from plg_server.bot.answers import Answer
from plg_server.bot.texts import language_of, say
from plg_server.models.telegram import TelegramLink

MOST_TYPED_CHARS = 256
"""Of what somebody wrote: no command of ours needs more."""


@dataclass(frozen=True, slots=True)
class Asker:
    """A private chat. `link` comes with its account."""

    chat_id: int
    language: str
    link: TelegramLink | None = None

    def say(self, subject: str, /, **facts: object) -> str:
        """The text in this chat's language."""
        return say(self.language, subject, **facts)

    def answer(self, subject: str, /, **facts: object) -> Answer:
        """The text as an answer without buttons."""
        return Answer(self.say(subject, **facts))


def asker_of(chat_id: int, link: TelegramLink | None, language_code: str) -> Asker:
    """The language is the link's, else that of the person's Telegram."""
    return Asker(chat_id, str(language_of(link.language if link is not None else language_code)), link)


@dataclass(frozen=True, slots=True)
class Command:
    """`/games cs` is the command "games" with "cs". A text that is no command has the name ""."""

    name: str
    argument: str


def read_command(text: str) -> Command:
    """What somebody wrote. `/games@our_bot cs` is `/games cs`."""
    line = text[:MOST_TYPED_CHARS].strip()
    if not line.startswith("/"):
        return Command("", line)
    head, _, argument = line.partition(" ") if " " in line else line.partition("\n")
    return Command(head[1:].partition("@")[0].lower(), argument.strip())
