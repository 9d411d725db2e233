"""What nobody honest sends to a page: queries, paths and forms, each as one request with a name."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import msgspec

from plg.contract.schema import Request
from plg_server.pages.page import Page
from support.site_world import path_names
from support.struct_examples import example

FORM = "application/x-www-form-urlencoded"

TEXTS = (
    "", "\0", "\x7f\x1b[31m<script>'\"{{7*7}}", "%s%n{0}../../etc/passwd", "a" * 5000, "-1", "9" * 40, "1e999", "[]", "2031-13-45T99:99:99Z",
    "9999-12-31T23:59:59-14:00", "0001-01-01", "http://[", "\ufb2c" * 60, "\ufffe\u202e\U0001f4a9",
)  # fmt: skip
FEW = (TEXTS[4], TEXTS[2])
MANY_FIELDS = 1000
LARGE_BYTES = 300_000


@dataclass(frozen=True)
class Abuse:
    """One request."""

    name: str
    url: str
    body: bytes | None = None
    content_type: str = FORM


def texts_of(kind: type[Request], names: dict[str, str]) -> dict[str, str]:
    """A struct's example as a form holds it. Lists give their first item."""
    made = example(kind, names)
    return {name: _text(value) for name, value in made.items()}


def _text(value: object) -> str:
    while isinstance(value, list | tuple):
        value = value[0] if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def hostile_addresses(page: Page, url: str, language: str) -> Iterator[Abuse]:
    """Queries and names in the path that were never meant."""
    for text in ("\udcff", *TEXTS):
        raw = quote(text.encode(errors="surrogateescape"), safe="")
        if page.path is not None and raw.strip("."):
            names = dict.fromkeys(path_names(page.path, {}), raw)
            yield Abuse(f"path {text[:20]!r}", f"/{language}{page.url.format(**names)}")
        fields = [] if page.query is None else [one.encode_name for one in msgspec.structs.fields(page.query)]
        if fields:
            yield Abuse(f"query {text[:20]!r}", f"{url}?{'&'.join(f'{name}={raw}' for name in fields)}")
    yield from (
        Abuse(f"query {raw}", f"{url}?{raw}")
        for raw in ("%", "%00=%00", "=", "&&&&", "note=%3Cscript%3E", "note=1&note=2")
    )
    if page.query is not None:
        name = msgspec.structs.fields(page.query)[0].encode_name
        yield Abuse("query given twice", f"{url}?{name}=1&{name}=2")
        yield Abuse("long query", f"{url}?{name}={'a' * 5000}")


def hostile_forms(page: Page, url: str, names: dict[str, str], csrf: dict[str, str]) -> Iterator[Abuse]:
    """Forms that no page of ours sends, with the right token."""
    assert page.form is not None
    honest = texts_of(page.form, names)

    def form(name: str, fields: object) -> Abuse:
        return Abuse(name, url, urlencode(fields, errors="surrogatepass").encode())  # type: ignore[arg-type]  # pairs or a mapping

    yield form("nothing but the token", csrf)
    for text in TEXTS:
        yield form(f"every field {text[:20]!r}", dict.fromkeys(honest, text) | csrf)
    for number, field in enumerate(honest):
        text = FEW[number % len(FEW)]
        yield form(f"{field} {text[:20]!r}", honest | {field: text} | csrf)
    yield form("fields twice", [*honest.items(), *honest.items(), *csrf.items(), *csrf.items()])
    yield form("a foreign field", honest | {"is_admin": "true", "__class__": "x"} | csrf)
    yield form("a thousand fields", [(f"f{number}", "x") for number in range(MANY_FIELDS)] + [*csrf.items()])
    token = urlencode(csrf).encode()
    for name, body in {
        "not UTF-8": b"&" + b"&".join(b"%s=%%ff%%fe" % field.encode() for field in honest),
        "raw bytes": b"&x=\xff\xfe\x00",
        "broken escapes": b"&%zz=%1&%=%",
        "surrogates": b"&x=%ed%a0%80",
        "only marks": b"&&&===&;;;",
        "large": b"&x=" + b"a" * LARGE_BYTES,
    }.items():
        yield Abuse(name, url, token + body)
    yield Abuse("JSON", url, msgspec.json.encode(honest), "application/json")
    yield Abuse(
        "multipart",
        url,
        b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\nx\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    )
    yield Abuse("no type", url, token, "")
    # The honest form comes last: it may end what the others need.
    yield form("honest", honest | csrf)
