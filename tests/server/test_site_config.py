"""What an operator may set about the public pages."""

import pytest

from plg_server.config import ConfigError, load_config, shown_config
from plg_server.site_config import Project


def test_nothing_of_it_is_needed() -> None:
    site = load_config(None, {}, {}).site
    assert (site.operator_name, site.contact_link, site.own_projects, site.releases_folder) == (None, None, [], None)


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("help@example.org", "mailto:help@example.org"),
        ("https://example.org/help", "https://example.org/help"),
    ],
)
def test_a_contact_is_a_mailbox_or_a_page(contact: str, link: str) -> None:
    assert load_config(None, {}, {"operator_contact": contact}).site.contact_link == link


def test_projects_are_names_with_addresses_also_from_the_environment() -> None:
    told = {"PLG_SERVER_PROJECTS": "Map = https://example.org/map, Forum=http://example.org/"}
    assert load_config(None, told, {}).site.own_projects == [
        Project(name="Map", url="https://example.org/map"),
        Project(name="Forum", url="http://example.org/"),
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("operator_name", "x" * 121),
        ("operator_contact", "nobody"),
        ("operator_contact", "javascript:alert(1)"),
        ("source_url", "javascript:alert(1)"),
        ("source_url", "https://user:word@example.org/"),
        ("source_url", "https://example.org:99999/"),
        ("projects", ["Map"]),
        ("projects", ["Map=javascript:alert(1)"]),
        ("projects", [f"Map {number}=https://example.org" for number in range(13)]),
    ],
)
def test_what_would_be_a_broken_or_dangerous_link_is_refused(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{key} = "):
        load_config(None, {}, {key: value})


def test_all_of_it_is_shown_by_the_check() -> None:
    shown = shown_config(
        load_config(None, {}, {"operator_name": "Example Ltd", "projects": ["Map=https://example.org"]})
    )
    assert (shown["operator_name"], shown["projects"]) == ("Example Ltd", ["Map=https://example.org"])
    assert "site" not in shown
