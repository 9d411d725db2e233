"""The page of the dashboard in a browser."""

from plg.cli.language import Language, speak
from plg_tui.web_page import CONTENT_POLICY, page


def test_it_speaks_the_language_in_use() -> None:
    assert '<html lang="en">' in page("ws://127.0.0.1:1/k/ws")
    assert "Open it again" in page("ws://127.0.0.1:1/k/ws")
    speak(Language.RU)
    assert '<html lang="ru">' in page("ws://127.0.0.1:1/k/ws")
    assert "Открыть снова" in page("ws://127.0.0.1:1/k/ws")


def test_an_address_cannot_leave_its_attribute() -> None:
    assert '"ws://x&quot;&gt;&lt;script&gt;"' in page('ws://x"><script>')


def test_the_policy_names_no_place_but_the_dashboard_s_own_and_runs_no_inline_script() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in CONTENT_POLICY.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert "//" not in CONTENT_POLICY
    assert "<script>" not in page("ws://127.0.0.1:1/k/ws")
