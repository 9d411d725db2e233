"""A page taken apart: what a browser would run, fetch, follow and send, and what a person would read."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "path",
        "circle",
        "line",
        "rect",
        "polyline",
        "polygon",
        "use",
        "ellipse",
        "stop",
    ]
)
"""Elements without an end; the shapes of SVG end in their own tag."""

SPOKEN_ATTRIBUTES = ("aria-label", "title", "placeholder", "alt")
UNLABELLED_INPUTS = frozenset({"hidden", "submit", "button", "reset", "image"})
FETCHED = {
    ("link", "href"),
    ("script", "src"),
    ("img", "src"),
    ("use", "href"),
    ("source", "src"),
    ("video", "src"),
    ("iframe", "src"),
}
FETCHED_LINKS = {
    "stylesheet",
    "icon",
    "apple-touch-icon",
    "manifest",
    "preload",
    "modulepreload",
    "preconnect",
    "dns-prefetch",
}
CODE = frozenset({"code", "pre", "kbd", "samp", "textarea", "script", "style"})


@dataclass
class SentForm:
    """A form as a browser sees it."""

    id: str
    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class PageParts:
    """Everything found in one page."""

    lang: str = ""
    title: str = ""
    headings: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    forms: list[SentForm] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    """Inline scripts, styles and handlers: forbidden by the policy."""
    unlabelled: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    """Ids that other elements name (for, aria-describedby, aria-labelledby, aria-controls)."""
    tags: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    phrases: list[str] = field(default_factory=list)
    """Texts and spoken attributes outside of code and of parts in a language of their own."""


def parts_of(html: str) -> PageParts:
    """Read a page to its end."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.finished()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts = PageParts()
        self._open: list[tuple[str, bool]] = []
        self._labelled: set[str] = set()
        self._inputs: list[tuple[str, str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: text or "" for name, text in attrs}
        parts = self.parts
        parts.tags.add(tag)
        parts.attributes |= set(values)
        if tag == "html":
            parts.lang = values.get("lang", "")
        if "id" in values:
            parts.ids.append(values["id"])
        self._find_inline(tag, values)
        if tag in ("a", "area") and "href" in values:
            parts.links.append(values["href"])
        if tag != "link" or FETCHED_LINKS & {*values.get("rel", "").split()}:
            parts.fetched += [values[name] for name in ("href", "src") if (tag, name) in FETCHED and name in values]
        for name in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            parts.references += values.get(name, "").split()
        is_quiet = tag in CODE or values.get("translate") == "no" or (tag != "html" and "lang" in values)
        if not (is_quiet or self._is_quiet()):
            parts.phrases += [values[name] for name in SPOKEN_ATTRIBUTES if values.get(name)]
        self._read_form(tag, values)
        if tag not in VOID:
            self._open.append((tag, is_quiet))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def _find_inline(self, tag: str, values: dict[str, str]) -> None:
        found = [f"<{tag} {name}>" for name in values if name.startswith("on") or name in ("style", "srcdoc")]
        if tag == "style" or (tag == "script" and "src" not in values):
            found.append(f"<{tag}>")
        found += [
            f"<{tag} {name}={text}>"
            for name, text in values.items()
            if "".join(text.split()).lower().startswith(("javascript:", "vbscript:", "data:text"))
        ]
        self.parts.inline += found

    def _read_form(self, tag: str, values: dict[str, str]) -> None:
        if tag == "form":
            method = values.get("method", "get").lower()
            self.parts.forms.append(SentForm(values.get("id", ""), method, values.get("action", "")))
        if tag == "label":
            self._labelled.add(values.get("for", ""))
        if tag not in ("input", "select", "textarea", "button"):
            return
        name = values.get("name", "")
        if name and self.parts.forms:
            self.parts.forms[-1].fields.append((name, values.get("value", "")))
        if tag != "button" and values.get("type") not in UNLABELLED_INPUTS:
            is_labelled = any(one == "label" for one, _ in self._open) or bool(
                values.get("aria-label") or values.get("aria-labelledby")
            )
            self._inputs.append((values.get("id", ""), name, is_labelled))

    def handle_endtag(self, tag: str) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == tag:
                del self._open[index:]
                return

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        names = [tag for tag, _ in self._open]
        if not text:
            return
        if "title" in names and "svg" not in names:
            self.parts.title += text
        if "h1" in names:
            self.parts.headings.append(text)
        if not self._is_quiet():
            self.parts.phrases.append(text)

    def _is_quiet(self) -> bool:
        return any(quiet for _, quiet in self._open)

    def finished(self) -> PageParts:
        """Labels may follow their fields."""
        self.parts.unlabelled = [
            name or id_ for id_, name, is_labelled in self._inputs if not is_labelled and id_ not in self._labelled
        ]
        return self.parts
