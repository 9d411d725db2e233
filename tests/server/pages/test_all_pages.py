"""The table of pages."""

from collections import Counter

from plg_server.pages.all_pages import all_pages
from plg_server.pages.page import Access
from plg_server.routes import Limit

WIDER = [Access.ANYBODY, Access.SIGNED_IN, Access.SUPPORT, Access.ADMIN]
"""Whoever is in a later one is in each before it."""


def test_no_address_has_two_pages() -> None:
    counted = Counter((page.method, page.url) for page in all_pages())
    assert [one for one, times in counted.items() if times > 1] == []


def test_only_pages_for_everybody_are_kept() -> None:
    assert [page.url for page in all_pages() if page.kept_s and page.access is not Access.ANYBODY] == []


def test_every_form_is_limited_and_shown_again_for_those_who_may_send_it() -> None:
    for page in all_pages():
        if page.method == "POST":
            assert page.limit is not Limit.NONE, page.url
        if page.shown_again is not None:
            assert WIDER.index(page.shown_again.access) <= WIDER.index(page.access), page.url
