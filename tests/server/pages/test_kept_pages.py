"""Copies of pages for a rush of visitors."""

import gzip

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from plg_server.pages import kept_pages
from plg_server.pages.kept_pages import KeptPages, kept_response


def page(text: str = "<p>hello</p>" * 50) -> web.Response:
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": "default-src 'none'"})


def asked(kept: kept_pages.Kept, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return kept_response(make_mocked_request("GET", "/en/", headers=named), kept)


def test_a_page_is_kept_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pages, now_s = KeptPages(), 100.0
    monkeypatch.setattr("plg_server.pages.kept_pages.time.monotonic", lambda: now_s)
    kept = pages.keep(("/en/", "dark"), page(), 10.0)
    assert pages.find(("/en/", "dark")) is kept
    assert pages.find(("/en/", "light")) is None
    now_s = 110.0
    assert pages.find(("/en/", "dark")) is None


def test_the_oldest_are_forgotten() -> None:
    pages = KeptPages()
    for number in range(kept_pages.PAGES_LIMIT + 5):
        pages.keep((str(number),), page(), 60.0)
    assert pages.find(("4",)) is None
    assert pages.find(("5",)) is not None


def test_it_is_zipped_for_those_who_take_that_and_says_what_the_page_said() -> None:
    kept = KeptPages().keep(("x",), page(), 60.0)
    plain, zipped = asked(kept), asked(kept, Accept_Encoding="br, gzip")
    assert plain.body == gzip.decompress(bytes(zipped.body)) == page().body  # type: ignore[arg-type]  # bytes, as they were given
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    for answer in (plain, zipped):
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert set(answer.headers["Vary"].split(", ")) == {"Cookie", "Accept-Encoding"}
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_whoever_has_it_hears_so_in_a_few_bytes() -> None:
    kept = KeptPages().keep(("x",), page(), 60.0)
    same = asked(kept, If_None_Match=kept.etag, Accept_Encoding="gzip")
    assert (same.status, same.body, same.headers["ETag"]) == (304, None, kept.etag)
    assert "Content-Encoding" not in same.headers
    assert asked(kept, If_None_Match='"another"').status == 200


def test_another_text_has_another_tag() -> None:
    pages = KeptPages()
    assert pages.keep(("x",), page("a"), 1.0).etag != pages.keep(("x",), page("b"), 1.0).etag
