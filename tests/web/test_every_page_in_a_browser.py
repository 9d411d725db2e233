"""Every page in a real browser: nothing to complain of, light, still, as wide as the window, and open to everybody."""

from collections.abc import AsyncIterator
from typing import Literal

import pytest
import pytest_asyncio

from plg_server import app_keys
from plg_server.pages.all_pages import all_pages
from plg_server.pages.page import Access, Page
from support.browser import Visit
from support.site_world import Person, SiteWorld
from support.web_site import (
    DESK_PX,
    PHONE_PX,
    WATCH_SHIFTS,
    WIDTHS_PX,
    BrowsedSite,
    Weight,
    axe_violations,
    browsed_site,
    hidden_width_px,
    weigh,
)

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("site in a browser"),
    pytest.mark.timeout(400),
]

MOST_BYTES = 150_000
MOST_REQUESTS = 12
MOST_SHIFT = 0.05
"""Half of what counts as still (Cumulative Layout Shift, "good"): scripts write moments in the visitor's own time, and show what only they
can do."""

Pairings = tuple[tuple[int, Literal["light", "dark"]], ...]

LANGUAGE = "ru"
"""Whose words are the longer ones."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrowsedSite]:
    async with browsed_site(tmp_path_factory.mktemp("site")) as site:
        yield site


def whose(page: Page, world: SiteWorld) -> Person:
    role = {Access.ANYBODY: "anonymous", Access.SIGNED_IN: "player"}.get(page.access, "admin")
    return world.people[role]


async def shown_pages(site: BrowsedSite) -> list[tuple[str, Person]]:
    """Addresses that answer with a page, and who looks."""
    found = []
    for page in all_pages():
        person = whose(page, site.world)
        if page.method == "GET":
            url = site.world.address(page, person, LANGUAGE)
            async with site.world.api.client.get(url, headers=person.headers, allow_redirects=False) as reply:
                if reply.status == 200 and reply.content_type == "text/html":
                    found.append((url, person))
    return found


async def test_every_page_is_in_order(site: BrowsedSite) -> None:
    faults: list[str] = []
    pages = await shown_pages(site)
    for role in {person.role for _, person in pages}:
        mine = [url for url, person in pages if person.role == role]
        async with site.visit(site.world.people[role]) as visit:
            await visit.page.add_init_script(WATCH_SHIFTS)
            for number, url in enumerate(mine):
                found = await faults_of(site, visit, url, PAIRINGS[number % 2])
                faults += [f"{role} {url}: {said}" for said in found]
            faults += [f"{role}: {said}" for said in visit.trouble]
    assert not faults, "\n".join(faults)
    assert len(pages) >= 3
    assert site.world.api.app[app_keys.METRICS].csp_reports._value.get() == 0


PAIRINGS: tuple[Pairings, ...] = (
    ((PHONE_PX, "light"), (DESK_PX, "dark")),
    ((PHONE_PX, "dark"), (DESK_PX, "light")),
)
"""Each page is looked through at both widths and in both themes; which goes with which changes from page to page."""


async def faults_of(site: BrowsedSite, visit: Visit, url: str, pairings: Pairings) -> list[str]:
    page = visit.page
    await page.set_viewport_size({"width": DESK_PX, "height": 800})
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    said = complaints(await weigh(page, site.url + url))
    for width_px in WIDTHS_PX:
        await page.set_viewport_size({"width": width_px, "height": 800})
        hidden_px = await hidden_width_px(page)
        if hidden_px > 0:
            said.append(f"{hidden_px} px are beyond the edge at {width_px} px")
    for width_px, colours in pairings:
        await page.set_viewport_size({"width": width_px, "height": 800})
        await page.emulate_media(color_scheme=colours)
        said += [f"{colours} {width_px}: {one}" for one in await axe_violations(page)]
    return said


def complaints(weight: Weight) -> list[str]:
    found = {
        f"{weight.transferred_bytes} bytes": weight.transferred_bytes > MOST_BYTES,
        f"{weight.requests} requests": weight.requests > MOST_REQUESTS,
        f"moves by {sum(weight.shifts):.4f}": sum(weight.shifts) > MOST_SHIFT,
    }
    return [name for name, is_wrong in found.items() if is_wrong]


async def test_what_is_wrong_with_a_page_would_be_found(site: BrowsedSite) -> None:
    """The measures themselves, on a page that is made wrong."""
    async with site.visit() as visit:
        page = visit.page
        await page.add_init_script(WATCH_SHIFTS)
        weight = await weigh(page, f"{site.url}/en/sign-in")
        assert weight.requests >= 2
        assert weight.transferred_bytes > 1000
        assert complaints(Weight(MOST_REQUESTS + 1, MOST_BYTES + 1, [0.1])) != []
        await page.evaluate(
            """() => {
              const wide = document.createElement("img");
              wide.width = 3000; wide.style.maxWidth = "none"; wide.height = 300;
              document.body.prepend(wide);
            }"""
        )
        assert await hidden_width_px(page) > 1000
        assert any(one.startswith("image-alt") for one in await axe_violations(page))
        await page.wait_for_function("window.layoutShifts.length > 0")
