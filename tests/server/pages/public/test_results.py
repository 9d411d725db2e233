"""/results."""

from pathlib import Path

from support.public_site import hand_in
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor


async def test_without_a_report_the_page_says_so_and_still_explains_the_method(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        shown, russian = await SiteVisitor(api).open("/en/results"), await SiteVisitor(api).open("/ru/results")
    assert "none is invented" in shown.text
    assert "выдумывать мы не станем" in russian.text
    assert "method" in shown.ids
    assert "<table" not in shown.html


async def test_figures_are_those_of_the_api_each_with_its_voices_and_harm_is_told(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        await hand_in(api, "cs2", "fra", "worse", "worse", "improved")
        await hand_in(api, "gone-game", "", "no_difference")
        shown = await SiteVisitor(api).open("/en/results")
        sums = (await api.get("/v1/benchmarks")).json["summaries"]
    assert "4 voices from 4 reports" in shown.text
    assert "50 % better off direct (2)" in shown.text
    for one in sums:
        assert f"{one['direct_ms_median']:.1f}" in shown.text
    assert "/en/games/cs2" in shown.links
    assert "gone-game" in shown.text
    assert "/en/games/gone-game" not in shown.links
    assert shown.html.count('role="img"') == 3
    assert "1 of 3 gained, 0 had no difference, 2 were better off direct" in shown.html
