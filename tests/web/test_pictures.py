"""Pages look as their kept pictures do: the same places, the same weights of light and dark, whatever the fonts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.web_pictures import HEIGHT_PX, SHOWN, coarse, difference, picture_file, pixels_of, take
from support.web_site import DESK_PX, PHONE_PX, BrowsedSite, browsed_site

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("site in a browser"),
    pytest.mark.timeout(300),
]

MOST_DIFFERENCE = 0.05
"""Other words or fonts move it by a hundredth; another theme, a missing style sheet or a lost picture by ten times that."""

MOST_KEPT_BYTES = 400_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BrowsedSite]:
    async with browsed_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.mark.parametrize("name", SHOWN)
async def test_a_page_looks_as_it_is_kept(site: BrowsedSite, name: str) -> None:
    for width_px in (PHONE_PX, DESK_PX):
        kept = picture_file(name, width_px).read_bytes()
        size = await pixels_of(site.browser, kept)
        assert (size.width, size.height) == (width_px, HEIGHT_PX)
        now = await take(site, name, width_px)
        assert difference(await coarse(site.browser, now), await coarse(site.browser, kept)) < MOST_DIFFERENCE


async def test_a_page_without_its_styles_would_be_seen(site: BrowsedSite) -> None:
    kept = await coarse(site.browser, picture_file("landing", DESK_PX).read_bytes())
    async with site.visit(width_px=DESK_PX, height_px=HEIGHT_PX, colors="dark") as visit:
        await visit.page.goto(f"{site.url}/en/")
        assert difference(kept, await coarse(site.browser, await visit.page.screenshot())) > 2 * MOST_DIFFERENCE
        await visit.page.emulate_media(color_scheme="light")
        await visit.page.evaluate("document.querySelectorAll('link[rel=stylesheet]').forEach((one) => one.remove())")
        assert difference(kept, await coarse(site.browser, await visit.page.screenshot())) > MOST_DIFFERENCE


async def test_the_kept_pictures_are_small() -> None:
    files = [picture_file(name, width_px) for name in SHOWN for width_px in (PHONE_PX, DESK_PX)]
    assert sorted(Path(files[0]).parent.glob("*.png")) == sorted(files)
    assert sum(file.stat().st_size for file in files) < MOST_KEPT_BYTES
