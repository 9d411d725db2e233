"""Templates, addresses and redirects."""

import re
from importlib.resources import files
from pathlib import Path

import jinja2
import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from plg_server.pages.notes import NOTES
from plg_server.pages.rendering import NEXT_LIMIT_CHARS, address, go, icon, path_without_language, safe_next, wants_page
from plg_server.pages.static_files import asset

PAGES = Path(str(files("plg_server"))) / "pages"
TEMPLATES = sorted((PAGES / "templates").rglob("*.html"))


def test_addresses_have_their_language_and_an_encoded_query() -> None:
    assert address("en", "/games") == "/en/games"
    assert address("ru", "/games", q="a&b=ж", page="2") == "/ru/games?q=a%26b%3D%D0%B6&page=2"
    assert [path_without_language(path) for path in ("/en/games/cs2", "/ru/", "/ru", "/games", "/", "")] == [
        "/games/cs2", "/", "/", "/games", "/", "",
    ]  # fmt: skip


def test_after_a_form_another_page_is_shown_with_a_known_note() -> None:
    response = go(make_mocked_request("POST", "/ru/sign-out"), "/", note="signed_out")
    assert (response.status, response.headers["Location"]) == (303, "/ru/?note=signed_out")
    with pytest.raises(KeyError):
        go(make_mocked_request("POST", "/ru/sign-out"), "/", note="anything")


@given(st.one_of(st.text(), st.from_regex(r"[/\\:]{0,4}(en|ru|evil)?[/\\?#@.:%\[\]a-z\t]{0,12}", fullmatch=True)))
def test_where_a_sign_in_leads_is_a_path_of_a_page_of_ours_or_nothing(text: str) -> None:
    found = safe_next(text)
    assert found in ("", text)
    assert not found or re.match(r"/(en|ru)(/|\?|$)", found)
    assert found.isascii()
    assert not re.search(r"[\s\\\x00]", found)


@pytest.mark.parametrize("text", ["/en/", "/ru/account?page=2", "/en/games/cs2?x=%0a", "/en"])
def test_addresses_of_our_pages_are_led_to(text: str) -> None:
    assert safe_next(text) == text


def test_a_long_address_is_none() -> None:
    assert safe_next("/en/" + "a" * NEXT_LIMIT_CHARS) == ""


def test_errors_are_pages_for_people_only() -> None:
    assert wants_page(make_mocked_request("GET", "/none", headers={"Accept": "text/html,*/*"}))
    assert not wants_page(make_mocked_request("GET", "/v1/none", headers={"Accept": "text/html"}))
    assert not wants_page(make_mocked_request("GET", "/none", headers={"Accept": "*/*"}))


def test_an_icon_speaks_or_is_an_ornament_and_its_label_is_escaped() -> None:
    assert 'aria-hidden="true"' in icon("house")
    assert 'role="img" aria-label="&lt;b&gt;"' in icon("house", "<b>")


def test_every_icon_and_file_that_templates_and_pages_name_is_there() -> None:
    symbols = set(re.findall(r'<symbol[^>]* id="([^"]+)"', (PAGES / "static" / "icons.svg").read_text()))
    assert len(symbols) > 20
    for path in [*TEMPLATES, *PAGES.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"""\bicon\(["']([a-z0-9-]+)["']""", text)) <= symbols, path
        for name in re.findall(r"""\basset\(["']([^"']+)["']\)""", text):
            assert asset(name).startswith("/static/"), path


def test_templates_hold_no_inline_code_and_mark_nothing_as_safe() -> None:
    """The policy would stop the code; `safe` would switch off the escaping that all pages rest on (a text written out before it is ours)."""
    forbidden = re.compile(
        r"""<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=["']|javascript:|(?<!["'])\s*\|\s*safe\b|autoescape\s+false"""
    )
    for path in TEMPLATES:
        assert forbidden.findall(path.read_text(encoding="utf-8")) == [], path


def test_every_template_is_one() -> None:
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in TEMPLATES:
        assert environment.parse(path.read_text(encoding="utf-8")).body, path


def test_every_note_is_named_in_code() -> None:
    """And every note that code names is there: `go` would raise only when it runs."""
    named = {name for path in PAGES.rglob("*.py") for name in re.findall(r'note="([a-z_0-9]+)"', path.read_text())}
    assert named <= set(NOTES)
