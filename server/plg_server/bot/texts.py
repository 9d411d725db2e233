"""The bot's words in both languages: macros in `templates/LANGUAGE/*.html`, in the HTML that Telegram reads.

Names, games and reasons come from outside. Each is one printable line, bounded and escaped (Jinja's autoescape), so that it can
neither mark up the text nor make it longer than Telegram takes.
"""

import html
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from plg_server.bot.answers import MOST_TEXT_CHARS
from plg_server.services.mail_kinds import MailLanguage, mail_language
from plg_server.services.mail_texts import one_line

MOST_FACT_CHARS = 120
"""Of one fact: the longest name that we allow has 64."""

PARAGRAPH = "¶"
"""A line of a template that stands for an empty one: all others that are empty come from its statements."""

LANGUAGES = tuple(MailLanguage)

_TAG_OR_ENTITY = re.compile(r"<[^>]*>|&[#a-zA-Z0-9]+;")

language_of = mail_language
"""The language that `name` ("ru", "ru-RU") means; English for every other."""


def say(language: str, subject: str, /, **facts: object) -> str:
    """The text `subject` ("commands.help") with these facts. Raises jinja2.UndefinedError for a fact that is missing: our fault."""
    part, _, name = subject.partition(".")
    module = _environment().get_template(f"{language_of(language)}/{part}.html").module
    text = str(getattr(module, name)(**facts))
    lines = [line.strip() for line in text.split("\n")]
    return fitting("\n".join("" if line == PARAGRAPH else line for line in lines if line).strip())


def word(language: str, name: str, /, **facts: object) -> str:
    """The label of a button: plain text, nothing of it is read as HTML."""
    module = _environment().get_template(f"{language_of(language)}/words.html").module
    return html.unescape(str(getattr(module, name)(**facts))).strip()


def fitting(text: str) -> str:
    """The text, without its last lines when it is too long. A line is never broken: a mark may stand in it."""
    while shown_chars(text) > MOST_TEXT_CHARS and "\n" in text:
        text = text.rpartition("\n")[0].rstrip()
    return text


def shown_chars(text: str) -> int:
    """How long it is after Telegram read the marks, in UTF-16 units, as Telegram counts."""
    plain = _TAG_OR_ENTITY.sub(lambda found: "" if found[0].startswith("<") else "x", text)
    return len(plain.encode("utf-16-le")) // 2


def plural(count: object, *forms: str) -> str:
    """The form that goes with a number: two forms for English, three for Russian (CLDR plural rules)."""
    number = abs(int(str(count)))
    if len(forms) == 2:
        return forms[0] if number == 1 else forms[1]
    if number % 10 == 1 and number % 100 != 11:
        return forms[0]
    if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14:
        return forms[1]
    return forms[2]


def traffic(amount: object) -> str:
    """Bytes in the unit that fits, the same in both languages' texts but for the unit's letters."""
    value = float(str(amount))
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _safe(value: object) -> object:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    line = one_line(value)
    return line if len(line) <= MOST_FACT_CHARS else line[: MOST_FACT_CHARS - 1] + "…"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("plg_server.bot", "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_safe,
        line_statement_prefix="%%",
    )
    filters: dict[str, Any] = {"plural": plural, "traffic": traffic}
    made.filters.update(filters)
    return made
