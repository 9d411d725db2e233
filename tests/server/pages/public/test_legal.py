"""/privacy, /offer and /rules."""

from pathlib import Path

import pytest

from support.public_site import SELLING
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor

OPERATOR = {
    "operator_name": "Example <Games> Ltd",
    "operator_contact": "help@example.org",
    "operator_address": "1 Example Street",
}


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_all_three_name_the_operator_and_stand_in_both_languages(tmp_path: Path, language: str) -> None:
    async with shared_server(tmp_path, OPERATOR) as api:
        for path in ("privacy", "offer", "rules"):
            shown = await SiteVisitor(api).open(f"/{language}/{path}")
            assert "Example &lt;Games&gt; Ltd" in shown.html
            assert "mailto:help@example.org" in shown.links
            assert "1 Example Street" in shown.text
            assert f'href="http://127.0.0.1:{api.client.port}/ru/{path}"' in shown.html


async def test_without_a_name_the_pages_say_that_there_is_none(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        for path in ("privacy", "offer", "rules"):
            assert "has not given a name yet" in (await SiteVisitor(api).open(f"/en/{path}")).text


async def test_the_figures_are_the_programs_own(tmp_path: Path) -> None:
    async with shared_server(tmp_path, {"refresh_token_days": 12}) as api:
        shown = await SiteVisitor(api).open("/en/privacy")
    for told in ("Kept for 400 days", "kept for 90 days", "12 days after its last use", "30 days later"):
        assert told in shown.text, told
    assert "card data" not in shown.text


async def test_the_offer_sells_only_where_something_is_sold(tmp_path: Path) -> None:
    sold = {**SELLING, "billing_outcome_fair": True, "billing_seller": "Example Seller"}
    async with shared_server(tmp_path / "free") as api:
        free = await SiteVisitor(api).open("/en/offer")
    async with shared_server(tmp_path / "sold", sold) as api:
        paid, privacy = await SiteVisitor(api).open("/en/offer"), await SiteVisitor(api).open("/en/privacy")
    assert "Nothing is sold on this server" in free.text
    assert "Cancelling" not in free.text
    for told in ("Nothing renews by itself", "Cancelling is one step", "at most a quarter", "Example Seller"):
        assert told in paid.text, told
    assert "card data never reaches this server" in privacy.text
