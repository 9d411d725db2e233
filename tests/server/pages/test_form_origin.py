"""Which forms come from our own pages."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from plg_server import app_keys
from plg_server.config import load_config
from plg_server.pages.form_origin import refuse_foreign_origin
from plg_server.problems import ApiError


def is_refused(public_url: str | None = None, **headers: str) -> bool:
    app = web.Application()
    app[app_keys.CONFIG] = load_config(None, {}, {} if public_url is None else {"public_url": public_url})
    named = {"Host": "plg.example.org:8080"} | {name.replace("_", "-"): text for name, text in headers.items()}
    request = make_mocked_request("POST", "/en/x", headers=named, app=app)
    try:
        refuse_foreign_origin(request)
    except ApiError as error:
        return error.status == 403
    return False


@pytest.mark.parametrize("origin", ["http://plg.example.org:8080", "https://plg.example.org:8080"])
def test_the_host_that_was_asked_is_ours(origin: str) -> None:
    assert not is_refused(Origin=origin)


def test_behind_a_proxy_the_public_address_is_ours_too() -> None:
    assert not is_refused("https://play.example.org", Origin="https://play.example.org")
    assert is_refused(Origin="https://play.example.org")


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://[", "https://evil.example.org", "https://plg.example.org", "plg.example.org:8080", "file://plg.example.org:8080",
     "https://plg.example.org:8080.evil.example.org", "https://plg.example.org:8080/", "https://plg.example.org:8080@evil.example.org"],
)  # fmt: skip
def test_any_other_origin_is_foreign(origin: str) -> None:
    assert is_refused(Origin=origin)


@pytest.mark.parametrize(
    ("site", "refused"),
    [("same-origin", False), ("none", False), ("same-site", True), ("cross-site", True), ("", True)],
)
def test_without_an_origin_the_fetch_metadata_count(site: str, refused: bool) -> None:
    assert is_refused(Sec_Fetch_Site=site) is refused


def test_what_says_nothing_is_no_browser() -> None:
    assert not is_refused()
