"""A browser without JavaScript over a server under test: follows links and redirects, keeps cookies, fills in and sends forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from support.api_driver import ApiDriver

REDIRECTS_LIMIT = 10
SILENT = frozenset({"script", "style", "svg", "head"})


@dataclass
class Form:
    """A form as it stands in the page: where it goes and what its fields hold."""

    id: str
    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    """What a `<select>` offers, by its name."""


@dataclass
class Shown:
    """A page as a person without scripts gets it."""

    url: str
    status: int
    headers: dict[str, str]
    html: str
    text: str
    links: list[str]
    forms: list[Form]
    ids: set[str]

    @property
    def path(self) -> str:
        """Where the visitor is, without the query."""
        return urlsplit(self.url).path

    def form(self, wanted: str) -> Form:
        """By its id, or by the end of its action."""
        for one in self.forms:
            if one.id == wanted or one.action.partition("?")[0].endswith(wanted):
                return one
        raise AssertionError(f"no form {wanted!r} on {self.url}: {[(one.id, one.action) for one in self.forms]}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self._silent = 0
        self._select = ""
        self._area = ""
        self._area_text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: text or "" for name, text in attrs}
        if "id" in values:
            self.ids.add(values["id"])
        if tag in SILENT:
            self._silent += 1
        elif tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "form":
            self.forms.append(Form(values.get("id", ""), values.get("action", ""), values.get("method", "get").lower()))
        elif self.forms:
            self._read_field(tag, values, self.forms[-1])

    def _read_field(self, tag: str, values: dict[str, str], form: Form) -> None:
        name = values.get("name", "")
        if tag == "input" and name and values.get("type") not in ("submit", "button"):
            if values.get("type") not in ("checkbox", "radio") or "checked" in values:
                form.fields.setdefault(name, []).append(values.get("value", "on"))
        elif tag == "select":
            self._select = name
            form.choices[name] = []
        elif tag == "option" and self._select:
            if "selected" in values or not form.choices[self._select]:
                form.fields[self._select] = [values.get("value", "")]
            form.choices[self._select].append(values.get("value", ""))
        elif tag == "textarea":
            self._area, self._area_text = name, []

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent -= 1
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._area:
            self.forms[-1].fields[self._area] = ["".join(self._area_text).removeprefix("\n")]
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self._area_text.append(data)
        if not self._silent:
            self.words.append(data)


class SiteVisitor:
    """One browser with its own cookies."""

    def __init__(
        self, api: ApiDriver, language: str = "en", agent: str = "Mozilla/5.0 (X11; Linux) Firefox/140.0"
    ) -> None:
        self._api = api
        self._language = language
        self._agent = agent
        self.cookies: dict[str, str] = {}

    async def open(self, url: str) -> Shown:
        """Follow a link."""
        return await self._ask("GET", url)

    async def submit(self, form: Form, **values: str | list[str]) -> Shown:
        """Send a form as it stands, with these fields typed over; an empty list unticks a box."""
        fields = {**form.fields, **{name: text if isinstance(text, list) else [text] for name, text in values.items()}}
        pairs = [(name, text) for name, texts in fields.items() for text in texts]
        if form.method == "get":
            return await self._ask("GET", f"{form.action.partition('?')[0]}?{urlencode(pairs)}")
        return await self._ask("POST", form.action, urlencode(pairs))

    async def sign_in(self, email: str, password: str, language: str = "en") -> Shown:
        """By the page, as a person does."""
        shown = await self.open(f"/{language}/sign-in")
        return await self.submit(shown.form("sign-in"), email=email, password=password)

    async def _ask(self, method: str, url: str, body: str = "") -> Shown:
        client = self._api.client
        own = str(client.make_url("/")).rstrip("/")
        for _ in range(REDIRECTS_LIMIT):
            headers = {
                "Accept": "text/html",
                "Accept-Language": self._language,
                "User-Agent": self._agent,
                "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            }
            if method == "POST":
                headers |= {"Origin": own, "Content-Type": "application/x-www-form-urlencoded"}
            path = url.removeprefix(own).partition("#")[0]
            async with client.request(
                method, path, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                html = await response.text()
                for name, morsel in response.cookies.items():
                    self._keep(name, morsel.value, morsel["max-age"])
                location = response.headers.get("Location")
                if response.status in (301, 302, 303) and location is not None:
                    url, method, body = urljoin(f"{own}{path}", location), "GET", ""
                    continue
                reader = _Reader()
                reader.feed(html)
                return Shown(
                    url=path,
                    status=response.status,
                    headers=dict(response.headers),
                    html=html,
                    text=" ".join(" ".join(reader.words).split()),
                    links=reader.links,
                    forms=reader.forms,
                    ids=reader.ids,
                )
        raise AssertionError(f"more than {REDIRECTS_LIMIT} redirects, last to {url}")

    def _keep(self, name: str, value: str, max_age: str) -> None:
        if max_age == "0" or not value:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value
