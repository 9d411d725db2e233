"""/games and /games/{slug}."""

from pathlib import Path
from urllib.parse import quote

from plg_server.pages.public.games import GAMES_ON_PAGE
from support.public_site import hand_in
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor

HOSTILE = (
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "%(num)s %s {} {{ 7*7 }}",
    "../../etc/passwd",
    "☃" * 300,
    "a" * 512,
    "\u202egnp.exe",
    "   ",
)


async def test_games_are_found_by_russian_names_typing_errors_and_category(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        visitor = SiteVisitor(api)
        page = await visitor.open("/en/games")
        for asked, slug in (("контра", "cs2"), ("дота", "dota-2"), ("fortnitte", "fortnite"), ("ащке", "fortnite")):
            found = await visitor.submit(page.form("search"), q=asked)
            assert f"/en/games/{slug}" in found.links, asked
        races = await visitor.submit(page.form("search"), category="racing")
        assert "/en/games/assetto-corsa" in races.links
        assert "/en/games/cs2" not in races.links
        nothing = await visitor.submit(page.form("search"), q="qqqzzzxxx")
        assert "No game like that" in nothing.text
        odd = await visitor.open("/en/games?category=%25(num)s")
        assert (odd.status, "0 games" in odd.text) == (200, True)


async def test_the_list_is_walked_a_page_at_a_time_to_its_end(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        visitor = SiteVisitor(api)
        shown, seen, pages = await visitor.open("/ru/games"), set[str](), 0
        while True:
            own = [link for link in shown.links if link.startswith("/ru/games/")]
            assert 0 < len(own) <= GAMES_ON_PAGE
            seen.update(own)
            pages += 1
            following = [link for link in shown.links if f"page={pages + 1}" in link]
            if not following:
                break
            shown = await visitor.open(following[0])
        assert f"Страница {pages} из {pages}" in shown.text
        beyond = await visitor.open("/ru/games?page=1000")
        assert beyond.text == shown.text
        assert (await visitor.open("/ru/games?page=0")).status == 422
    assert len(seen) == 270


async def test_hostile_searches_are_shown_as_text_and_break_nothing(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        visitor = SiteVisitor(api)
        for text in HOSTILE:
            shown = await visitor.open(f"/en/games?q={quote(text)}")
            assert shown.status == 200, text
            assert "<script>alert" not in shown.html
            missing = await visitor.open(f"/en/games/{quote(text[:60], safe='')}")
            assert missing.status == 404, text
            assert "<script>alert" not in missing.html
        assert (await visitor.open(f"/en/games?q={'a' * 513}")).status == 422
        assert (await visitor.open("/en/games?q=a%00b")).status == 422


async def test_a_game_that_is_none_offers_the_nearest_and_is_not_for_search_engines(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        shown = await SiteVisitor(api).open("/en/games/cs3")
    assert shown.status == 404
    assert "/en/games/cs2" in shown.links
    assert '<meta name="robots" content="noindex">' in shown.html


async def test_a_games_page_says_ports_regions_capture_and_what_was_measured(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        await hand_in(api, "cs2", "fra", "improved", "no_difference")
        visitor = SiteVisitor(api)
        shown, russian = await visitor.open("/en/games/cs2"), await visitor.open("/ru/games/cs2")
        by_alias, site = await visitor.open("/en/games/CSGO"), str(api.client.make_url("/")).rstrip("/")
        unmeasured = await visitor.open("/en/games/dota-2")
    for told in ("plg connect cs2", "27000-27068", "25 regions", "Frankfurt", "2 voices", "50 % gained", "кс2"):
        assert told in shown.text, told
    assert "25 регионов" in russian.text
    for known_as in (shown, by_alias):
        assert f'<link rel="canonical" href="{site}/en/games/cs2">' in known_as.html
    assert "Nobody has handed in a benchmark of this game" in unmeasured.text


async def test_a_game_over_tcp_is_said_to_be_one_and_has_no_command(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        visitor = SiteVisitor(api)
        shown = await visitor.open("/en/games/hearthstone")
        listed = await visitor.open("/en/games?q=hearthstone")
    assert "PLG does not carry" in shown.text
    assert "plg connect" not in shown.text
    assert "TCP only" in listed.text
