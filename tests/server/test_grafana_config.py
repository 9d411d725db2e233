"""Grafana's settings: what may be set, and what comes of it."""

import pytest

from plg_server.grafana_config import GRAFANA_SETTINGS, GrafanaConfig


@pytest.mark.parametrize("url", ["https://graphs.example.org", "http://127.0.0.1:3000/grafana", "https://[::1]:3000"])
def test_addresses_of_a_grafana(url: str) -> None:
    assert GRAFANA_SETTINGS["grafana_url"].holds(url)


@pytest.mark.parametrize(
    "url",
    ["graphs", "ftp://a", "https://", "https://ann:word@a.org", "https://a.org; script-src *", "https://a.org:x", "https://a.org?x=1", 7],
)  # fmt: skip
def test_what_is_no_address_or_would_widen_the_policy_is_refused(url: object) -> None:
    assert not GRAFANA_SETTINGS["grafana_url"].holds(url)


@pytest.mark.parametrize("panels", [["//evil.example.org/x"], ["d-solo"], ["/a b"], [7], "/a", ["/a"] * 25])
def test_panels_are_paths_of_that_grafana(panels: object) -> None:
    assert not GRAFANA_SETTINGS["grafana_panels"].holds(panels)
    assert GRAFANA_SETTINGS["grafana_panels"].holds(["/d-solo/a?panelId=1"])


def test_panels_need_an_address() -> None:
    assert GrafanaConfig(grafana_url=None, grafana_panels=["/a"]).panel_urls == []
    config = GrafanaConfig(grafana_url="http://h:3000/g/", grafana_panels=["/a"])
    assert (config.panel_urls, config.origin) == (["http://h:3000/g/a"], "http://h:3000")
