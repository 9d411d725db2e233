"""Acts that an operator looks at before doing them: the form is sent once to see what would happen, and once more to do it.

Nothing is done by a GET, so no link, no picture and no page that is loaded ahead can act.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from plg.contract.schema import Request
from plg_server.pages.language import translated
from plg_server.pages.rendering import TYPED, render
from plg_server.pages.visitor import visitor_of

CONFIRMED = "confirmed"


class ActForm(Request, frozen=True, kw_only=True):
    """A form that is tried first. `confirmed` is said by the page that shows what would happen."""

    confirmed: bool = False

    @property
    def dry_run(self) -> bool:
        """Whether it is only tried."""
        return not self.confirmed


@dataclass(frozen=True)
class Fact:
    """One line of what would happen: how it is now, and how it would be; `after` None where nothing is compared."""

    name: str
    before: str
    after: str | None = None


@dataclass(frozen=True)
class Trial:
    """What the page that asks once more says. `lines` are more facts, one each, `diffs` tables by name with their unified
    diff; `harmless` is for what can be undone."""

    title: str
    button: str
    back: str
    facts: tuple[Fact, ...] = ()
    lines: tuple[str, ...] = ()
    harmless: bool = False
    diffs: tuple[tuple[str, str], ...] = ()


def ask_once_more(request: web.Request, trial: Trial) -> web.Response:
    """The page with the outcome of the trial and a button that sends the same form again, confirmed."""
    typed = request[TYPED].values
    fields = [(name, text) for name, texts in typed.items() if name != CONFIRMED for text in texts]
    # `here` is where a change of language leads: this page itself is the answer to a form.
    return render(request, "admin/confirm.html", trial=trial, fields=fields, target=request.path, here=trial.back)


def said(request: web.Request, message: str, **values: object) -> str:
    """A marked line in the visitor's language, with the values filled in."""
    return translated(visitor_of(request).language, message).format(**values)


def changed_facts(request: web.Request, rows: Iterable[tuple[str, object, object]]) -> tuple[Fact, ...]:
    """Facts of (marked name, before, after), those that differ."""
    return tuple(
        Fact(said(request, name), _told(before), _told(after)) for name, before, after in rows if before != after
    )


def _told(value: object) -> str:
    return "—" if value is None or value == "" else str(value)
