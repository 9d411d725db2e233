"""What browsers may do with our pages."""

import pytest

from plg_server.pages.security_headers import PAGE_HEADERS, REPORT_URL, content_security_policy


def directives(policy: str) -> dict[str, str]:
    return dict(one.strip().split(" ", 1) for one in policy.split(";"))


def test_nothing_but_our_own_files_and_no_inline_code() -> None:
    policy = directives(content_security_policy())
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["frame-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == policy["connect-src"] == "'self'"
    assert policy["report-uri"] == REPORT_URL
    assert "unsafe" not in content_security_policy()


def test_a_page_may_call_and_show_what_it_names_and_scripts_stay_our_own() -> None:
    policy = directives(
        content_security_policy(["https://b.example.org", "https://a.example.org"], ["https://g.example.org"])
    )
    assert policy["connect-src"] == "'self' https://a.example.org https://b.example.org"
    assert policy["frame-src"] == "https://g.example.org"
    assert policy["script-src"] == "'self'"


@pytest.mark.parametrize(
    "hostile", ["https://a.example.org; script-src *", "a\nb", "https://a b", "'unsafe-inline'", "*", "a,b"]
)
def test_what_would_open_the_policy_is_no_origin(hostile: str) -> None:
    """Such origins come from what operators type for a relay or for Grafana."""
    assert content_security_policy([hostile], [hostile]) == content_security_policy()


def test_forms_keep_their_origin_and_no_page_is_framed() -> None:
    assert PAGE_HEADERS["Referrer-Policy"] == "same-origin"
    assert PAGE_HEADERS["X-Frame-Options"] == "DENY"
    assert PAGE_HEADERS["X-Content-Type-Options"] == "nosniff"
    assert PAGE_HEADERS["Cross-Origin-Opener-Policy"] == "same-origin"
