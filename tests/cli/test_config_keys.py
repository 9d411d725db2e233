"""The table of settings agrees with the parts of the program that use them."""

from typing import get_args

import pytest

from plg.api.token_store import Keeping
from plg.capture.choose import PREFERENCES
from plg.cli.config_keys import (
    KIND_WORDS,
    SETTINGS,
    TABLES,
    ConfigKey,
    Kind,
    Value,
    find_key,
    fits_kind,
    from_text,
    from_words,
    is_allowed,
    known_names,
    nearest_names,
    shown,
)
from plg.cli.language import Language
from plg.cli.settings import DEFAULT_SERVER
from plg.contract.sessions import Mode
from plg.tunnel.session_opening import DEFAULT_OVERHEAD, MAX_OVERHEAD


def setting(name: str) -> ConfigKey:
    found = find_key(name)
    assert found is not None
    return found


def test_what_is_allowed_is_what_the_program_takes() -> None:
    assert setting("capture").allowed == PREFERENCES
    assert setting("mode").allowed == get_args(Mode)
    assert setting("lang").allowed == tuple(Language)
    assert setting("token_store").allowed == tuple(Keeping)
    assert (setting("max_overhead").default, setting("max_overhead").highest) == (DEFAULT_OVERHEAD, MAX_OVERHEAD)
    assert setting("server").default == DEFAULT_SERVER


def test_every_setting_has_one_name_one_variable_and_a_meaning() -> None:
    names = (
        [key.name for key in SETTINGS] + [alias for key in SETTINGS for alias in key.aliases] + [t.name for t in TABLES]
    )
    variables = [key.environment for key in SETTINGS if key.environment]
    assert len(set(names)) == len(names)
    assert len(set(variables)) == len(variables)
    assert all(key.help and key.environment == f"PLG_{key.name.upper()}" for key in SETTINGS)
    assert all(
        key.default is None or (fits_kind(key.kind, key.default) and is_allowed(key, key.default)) for key in SETTINGS
    )
    assert set(KIND_WORDS) == set(Kind)


@pytest.mark.parametrize("name", ["hooks", "hooks.x", "launch.", "launch.a b", "launch.a.b", ".x", "", "launch.-a", "nothing.x", "launch." + "a" * 65])  # fmt: skip
def test_what_is_no_setting_is_not_found(name: str) -> None:
    assert find_key(name) is None


def test_open_tables_take_names_that_a_person_gives() -> None:
    assert setting("launch.cs2").path == ("launch", "cs2")
    assert setting("redundancy") is setting("mode")
    assert "launch.NAME" in known_names()
    assert nearest_names("max_overhed") == ("max_overhead",)
    assert nearest_names("language") == ("lang",)


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        (Kind.ARGV, ["steam", "-applaunch", "730"], ["steam", "-applaunch", "730"]),
        (Kind.ARGV, ["C:\\Games\\a b.exe"], ["C:\\Games\\a b.exe"]),
        (Kind.HOOK, ["https://x.example/y"], "https://x.example/y"),
        (Kind.HOOK, ["notify-send"], ["notify-send"]),
        (Kind.HOOK, ["curl", "https://x"], ["curl", "https://x"]),
        (Kind.NUMBER, ["1.5"], 1.5),
        (Kind.NUMBER, ["2"], 2),
        (Kind.NUMBER, ["nan"], None),
        (Kind.NUMBER, ["1", "2"], None),
        (Kind.SWITCH, ["on"], True),
        (Kind.SWITCH, ["maybe"], None),
        (Kind.NAMES, ["a, b,"], ["a", "b"]),
        (Kind.NAMES, ["a", "b"], ["a", "b"]),
        (Kind.ANY, ["true"], True),
        (Kind.ANY, ["7"], 7),
        (Kind.ANY, ["cs2"], "cs2"),
        (Kind.ANY, ["a", "b"], ["a", "b"]),
        (Kind.TEXT, ["a", "b"], None),
    ],
)
def test_words_become_a_value_of_the_kind(kind: Kind, words: list[str], value: Value | None) -> None:
    assert from_words(kind, words) == value
    assert type(from_words(kind, words)) is type(value)


def test_a_variable_s_text_becomes_a_value_too() -> None:
    assert (from_text(Kind.NUMBER, "1e9999"), from_text(Kind.NUMBER, "9" * 400), from_text(Kind.ARGV, "a b")) == (None, None, ["a b"])  # fmt: skip


def test_a_value_is_shown_as_it_is_written() -> None:
    assert [shown(value) for value in (None, True, 1.5, 2, "x", ["a b", "я"])] == ["", "true", "1.5", "2", "x", '["a b", "я"]']  # fmt: skip
