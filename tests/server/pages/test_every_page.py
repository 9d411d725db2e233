"""What holds of every page, whoever looks at it in whatever language, and whatever it shows or is sent."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from yarl import URL

from plg_server.pages.all_pages import all_pages
from plg_server.pages.form_origin import FIELD
from plg_server.pages.language import LANGUAGES, catalogue
from plg_server.pages.page import Access, Page
from support.site_abuse import Abuse, hostile_addresses, hostile_forms
from support.site_walk import Seen, Walk, follow_links, make_hostile, see, walk
from support.site_world import ROLES, Person, SiteWorld, csrf_fields, site_world
from support.translations import PAGES, read_catalogue

pytestmark = [pytest.mark.xdist_group("every page"), pytest.mark.timeout(300)]

MAY_SEE = {
    Access.ANYBODY: ROLES,
    Access.SIGNED_IN: ("player", "support", "admin"),
    Access.SUPPORT: ("support", "admin"),
    Access.ADMIN: ("admin",),
}

MARK = "zq7"
HOSTILE = (
    f"<{MARK} {MARK}=1>\"'><img src=x onerror={MARK}()>{{{{7*7}}}}{MARK}",
    f"{{{{7*7}}}}{MARK}\u202e\u2066 \U0001f4a9 %(x)s" + "a\u0301" * 90 + "w" * 200,
)


@dataclass
class Seeing:
    """All that the walks found; the tests below look at it."""

    plain: Walk = field(default_factory=Walk)
    secure: Walk = field(default_factory=Walk)
    hostile: list[tuple[str, Walk]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    abuses: int = 0


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seeing:
    """One server answers thousands of requests, once for all tests of this file."""
    return asyncio.run(look_around(tmp_path_factory.mktemp("site")))


async def look_around(folder: Path) -> Seeing:
    seeing = Seeing()
    async with site_world(folder / "plain") as world:
        seeing.plain = await walk(world)
        await follow_links(world, seeing.plain)
        await abuse(world, seeing)
        await still_admin(world)
        for text in HOSTILE:
            await make_hostile(world, text)
            seeing.hostile.append((text, await walk(world, ("admin",), ("ru",))))
    async with site_world(folder / "secure", {"public_url": "https://play.example.org"}) as world:
        seeing.secure = await walk(world, ("anonymous", "admin"), ("en",))
    return seeing


async def abuse(world: SiteWorld, seeing: Seeing) -> None:
    """As an admin, who gets furthest; as another one when a form has put an end to that."""
    with capture_logs() as logs:
        for page in all_pages():
            person = await still_admin(world)
            url = world.address(page, person, "en")
            for one in abuses_of(world, page, person, url):
                status = await sent(world, person, one)
                seeing.abuses += 1
                if status >= 500 and status != 503:
                    seeing.faults.append(f"{page.method} {page.url} {one.name}: {status}")
    seeing.faults += [f"{one['exc_info']!r}" for one in logs if one["event"] == "unforeseen"]


async def still_admin(world: SiteWorld) -> Person:
    """The admin, or the next one."""
    person = world.people["admin"]
    if (await see(world, person, "/en/admin/audit", "en")).status != 200:
        names = person.names
        person = world.people["admin"] = await world.person("admin")
        person.names = {**names, **person.names}
    return person


def abuses_of(world: SiteWorld, page: Page, person: Person, url: str) -> Iterator[Abuse]:
    if page.form is None:
        yield from hostile_addresses(page, url, "en")
    else:
        yield from hostile_forms(page, url, person.names, csrf_fields(world, person))


async def sent(world: SiteWorld, person: Person, one: Abuse) -> int:
    method = "GET" if one.body is None else "POST"
    headers = person.headers | ({"Content-Type": one.content_type} if one.content_type else {})
    client = world.api.client
    url = URL(f"{client.make_url('/')}".rstrip("/") + one.url, encoded=True)
    async with client.session.request(
        method, url, data=one.body, headers=headers, allow_redirects=False, skip_auto_headers=("Content-Type",)
    ) as reply:
        await reply.read()
        return reply.status


def holds(seen: list[Seen], rule: Callable[[Seen], str]) -> None:
    """A rule says what is wrong with an answer; all that it says is shown at once."""
    wrong = [f"{one.place}: {said}" for one in seen if (said := rule(one))]
    assert not wrong, "\n".join(wrong)


def test_there_are_pages_of_every_kind(seen: Seeing) -> None:
    assert len(seen.plain.pages) >= 4 * len(LANGUAGES)
    assert seen.abuses > 100


def test_each_visitor_is_let_in_as_the_pages_access_says(seen: Seeing) -> None:
    def rule(one: Seen) -> str:
        assert one.page is not None
        if one.page.url.startswith("/setup") and one.person.role != "admin":
            return "" if one.status == 404 else "the first steps are over"
        location = one.headers.get("Location", "")
        if one.person.role in MAY_SEE[one.page.access]:
            return (
                ""
                if one.status == 200 or (one.status == 303 and location.startswith(f"/{one.language}"))
                else "not let in"
            )
        if one.person.role == "anonymous":
            return (
                ""
                if one.status == 303 and location.startswith(f"/{one.language}/sign-in?next=")
                else "not sent to sign in"
            )
        return "" if one.status == 403 else "let in"

    holds(seen.plain.seen, rule)
    assert seen.plain.faults == []


def test_every_answer_tells_the_browser_what_it_may_do(seen: Seeing) -> None:
    def rule(one: Seen) -> str:
        headers = one.headers
        policy = headers.get("Content-Security-Policy", "")
        sources = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        found = {
            "policy": "unsafe" not in policy and sources.get("default-src") == "'none'",
            "scripts": sources.get("script-src") == "'self'" and sources.get("style-src") == "'self'",
            "frames": sources.get("frame-ancestors") == "'none'" and headers.get("X-Frame-Options") == "DENY",
            "base": sources.get("base-uri") == "'none'" and sources.get("form-action") == "'self'",
            "referrer": headers.get("Referrer-Policy") == "same-origin",
            "nosniff": headers.get("X-Content-Type-Options") == "nosniff",
            "opener": headers.get("Cross-Origin-Opener-Policy") == "same-origin",
            "permissions": "geolocation=()" in headers.get("Permissions-Policy", ""),
            "language": headers.get("Content-Language") == one.language,
            "no version of the server": headers.get("Server") == "plg",
        }
        return ", ".join(name for name, holds in found.items() if not holds)

    holds(seen.plain.pages, rule)


def test_what_is_shown_to_somebody_signed_in_is_kept_by_no_cache(seen: Seeing) -> None:
    signed_in = [one for one in seen.plain.seen if one.person.role != "anonymous"]
    holds(signed_in, lambda one: "" if one.headers["Cache-Control"] == "no-store" else one.headers["Cache-Control"])
    holds(signed_in, lambda one: one.headers.get("Content-Encoding", ""))


def test_https_is_demanded_where_it_is_offered_and_only_there(seen: Seeing) -> None:
    holds(seen.secure.pages, lambda one: "" if "Strict-Transport-Security" in one.headers else "missing")
    holds(seen.plain.pages, lambda one: one.headers.get("Strict-Transport-Security", ""))
    holds(
        seen.secure.pages,
        lambda one: "an address of its own" if "http://127.0.0.1" in " ".join(one.parts.links) else "",
    )


def test_no_page_holds_inline_code_or_fetches_from_another_site(seen: Seeing) -> None:
    def foreign(one: Seen) -> str:
        return " ".join(
            address for address in one.parts.fetched if not re.match(r"/(?!/)|data:image/(svg|png)", address)
        )

    holds(seen.plain.pages, lambda one: " ".join(one.parts.inline))
    holds(seen.plain.pages, foreign)


def test_every_page_can_be_found_named_and_filled_in_by_everybody(seen: Seeing) -> None:
    def rule(one: Seen) -> str:
        parts = one.parts
        found = {
            "language": parts.lang == one.language,
            "title": len(parts.title) > len("· PLGames Booster UP"),
            f"headings {parts.headings}": one.html.count("<h1") == 1 and parts.headings != [],
            f"ids given twice {sorted({id_ for id_ in parts.ids if parts.ids.count(id_) > 1})}": len(parts.ids)
            == len(set(parts.ids)),
            f"without a label {parts.unlabelled}": parts.unlabelled == [],
            f"names nothing {set(parts.references) - set(parts.ids)}": set(parts.references) <= set(parts.ids),
            f"leads nowhere on the page {fragments(one)}": fragments(one) == [],
        }
        return ", ".join(name for name, holds in found.items() if not holds)

    holds(seen.plain.pages, rule)


def fragments(one: Seen) -> list[str]:
    return [link for link in one.parts.links if link.startswith("#") and link[1:] not in one.parts.ids]


def test_every_link_leads_to_something(seen: Seeing) -> None:
    dead = defaultdict(list)
    for (who, address), status in seen.plain.followed.items():
        if status >= 400:
            dead[f"{address} {status}"].append(who)
    assert not dead, "\n".join(f"{address}: {who}" for address, who in sorted(dead.items()))


def test_every_form_goes_to_a_page_of_ours_and_carries_its_token(seen: Seeing) -> None:
    known = [(page.method, re.compile(f"/(en|ru){re.sub(r'{[^}]+}', '[^/]+', page.url)}")) for page in all_pages()]

    def rule(one: Seen) -> str:
        said = []
        for form in one.parts.forms:
            action = (form.action or one.url).partition("?")[0]
            if not any(method.lower() == form.method and pattern.fullmatch(action) for method, pattern in known):
                said.append(f"{form.method} {form.action} leads nowhere")
            tokens = [text for name, text in form.fields if name == FIELD]
            if (len(tokens) == 1 and len(tokens[0]) == 64) != (form.method == "post"):
                said.append(f"{form.method} {form.action} has {len(tokens)} tokens")
        return ", ".join(said)

    holds(seen.plain.pages, rule)


def test_forms_are_told_apart_by_what_they_do(seen: Seeing) -> None:
    """No page that is read changes anything: whatever does is a form that is sent."""
    getting = {
        form.action.partition("?")[0] for one in seen.plain.pages for form in one.parts.forms if form.method == "get"
    }
    assert [action for action in getting if re.search(r"/(sign-out|delete|revoke|ban|cancel|pay)\b", action)] == []


def test_nothing_on_a_russian_page_stays_english(seen: Seeing) -> None:
    """Each English text of the catalogues, and what stands on both languages' pages alike though it reads like English."""
    russian = catalogue("ru")
    # Single words in small letters are names of plans and states too.
    english = {text for text in messages() if russian.gettext(text) != text and not re.fullmatch("[a-z]+", text)}
    assert len(english) > 20
    pages = [one for one in seen.plain.pages if one.language == "ru"]
    holds(pages, lambda one: "; ".join(english & {*one.parts.phrases}))


def test_what_no_catalogue_knows_does_not_read_like_english(seen: Seeing) -> None:
    by_place = {(one.page, one.person.role, one.language): one for one in seen.plain.pages}
    left = defaultdict(set)
    for (page, role, language), one in by_place.items():
        other = by_place.get((page, role, "en"))
        if language == "ru" and other is not None:
            for phrase in {*one.parts.phrases} & {*other.parts.phrases}:
                is_data = phrase in DATA or phrase.startswith(("{", "http")) or re.search("[а-яё]", phrase)
                if not is_data and len(re.findall(r"(?<![\w./@-])[a-z]{3,}(?![\w/@])", phrase)) >= 4:
                    left[phrase].add(one.url)
    english = [f"{phrase!r} on {min(urls)}" for phrase, urls in left.items()]
    assert not english, "\n".join(english)


DATA = {"thank you", "We look into it."}
"""What people wrote."""


def messages() -> set[str]:
    """From the checkout: what is installed has the compiled catalogues only."""
    found = (message.id for path in PAGES.catalogue_files() for message in read_catalogue(path))
    return {text for text in found if isinstance(text, str) and text}


def test_hostile_names_are_shown_as_text_on_every_page(seen: Seeing) -> None:
    shown_on = set()
    for text, walked in seen.hostile:
        assert walked.faults == []
        for one in walked.pages:
            assert one.status < 500, one.place
            assert MARK not in one.parts.tags, one.place
            assert not any(MARK in name for name in one.parts.attributes), one.place
            assert one.parts.inline == [], one.place
            assert f"49{MARK}" not in one.html, one.place
            assert "<img src=x" not in one.html, one.place
            if MARK in one.html:
                shown_on.add((one.page, text))
    assert len(shown_on) >= len(all_pages()) // 8


def test_hostile_names_change_neither_the_titles_place_nor_the_forms(seen: Seeing) -> None:
    before = {one.url + one.person.role: one for one in seen.plain.pages}
    for _, walked in seen.hostile:
        for one in walked.pages:
            earlier = before.get(one.url + one.person.role)
            if earlier is not None and one.status == earlier.status == 200:
                assert {form.action for form in one.parts.forms} >= {
                    form.action for form in earlier.parts.forms if form.action.endswith(("sign-in", "sign-out"))
                }, one.place


def test_nothing_that_is_sent_to_a_page_is_a_fault_of_the_server(seen: Seeing) -> None:
    assert not seen.faults, "\n".join(seen.faults)
