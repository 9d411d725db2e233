"""Flag, then environment, then config.toml, then the built-in value; a wrong value names its place."""

import os
from pathlib import Path

import pytest

from plg.api.token_store import Keeping
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import Language
from plg.cli.settings import (
    DEFAULT_SERVER,
    Settings,
    config_directory,
    server_address,
)


def settings(home: Path, toml: str | bytes | None = None, **environ: str) -> Settings:
    if toml is not None:
        (home / "config.toml").write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    return Settings({"PLG_CONFIG_DIR": str(home), **environ})


def test_the_server_comes_from_the_first_place_that_names_one(tmp_path: Path) -> None:
    file = 'server = "http://file.example"'
    assert settings(tmp_path).server(None).url == DEFAULT_SERVER
    assert settings(tmp_path, file).server(None).url == "http://file.example"
    both = settings(tmp_path, file, PLG_SERVER="http://env.example")
    assert both.server(None).url == "http://env.example"
    assert both.server("http://flag.example").url == "http://flag.example"


def test_a_damaged_file_does_not_matter_when_nothing_is_read_from_it(tmp_path: Path) -> None:
    assert settings(tmp_path, "server = ").server("http://flag.example").url == "http://flag.example"


@pytest.mark.parametrize(
    ("text", "url", "loopback"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", True),
        (" HTTPS://PLG.Example.org:443/ ", "https://plg.example.org", False),
        ("http://[::1]:8080/", "http://[::1]:8080", True),
        ("http://localhost/base/", "http://localhost/base", True),
        ("http://192.0.2.1", "http://192.0.2.1", False),
        ("http://127.0.0.1.example.org", "http://127.0.0.1.example.org", False),
    ],
)
def test_an_address_has_one_form(text: str, url: str, loopback: bool) -> None:
    address = server_address(text, "--server")
    assert (address.url, address.is_loopback, address.is_encrypted) == (url, loopback, url.startswith("https"))


@pytest.mark.parametrize(
    "text",
    ["", "plg.example.org", "ftp://x", "http://", "http://a b", "http://x:99999", "http://x:y", "http://u:p@x", "http://x/?a=1", "http://x/#a", "http://[::1", "file:///etc/passwd", "http://x/\x1b[2J"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(CliError) as flag:
        server_address(text, "--server")
    with pytest.raises(CliError) as variable:
        server_address(text, "PLG_SERVER")
    assert (flag.value.exit_code, variable.value.exit_code) == (ExitCode.USAGE, ExitCode.BAD_CONFIGURATION)
    assert "PLG_SERVER" in variable.value.message


def test_the_place_for_tokens_is_one_of_three(tmp_path: Path) -> None:
    assert settings(tmp_path).keeping() is Keeping.AUTO
    assert settings(tmp_path, PLG_TOKEN_STORE="file").keeping() is Keeping.FILE
    with pytest.raises(CliError) as caught:
        settings(tmp_path, PLG_TOKEN_STORE="cloud").keeping()
    assert "auto, keyring, file" in str(caught.value.next_step)


def test_the_token_of_the_environment_is_taken_alone(tmp_path: Path) -> None:
    assert settings(tmp_path).token() is None
    assert settings(tmp_path, PLG_TOKEN=" abc.def\n").token() == "abc.def"
    with pytest.raises(CliError) as caught:
        settings(tmp_path, PLG_TOKEN="a b").token()
    assert caught.value.exit_code is ExitCode.BAD_CONFIGURATION


def test_the_language_can_be_asked_for_in_each_place(tmp_path: Path) -> None:
    assert settings(tmp_path).language(None) is None
    assert settings(tmp_path, 'lang = "ru"').language(None) is Language.RU
    assert settings(tmp_path, 'lang = "ru"', PLG_LANG="en").language(None) is Language.EN
    assert settings(tmp_path, PLG_LANG="en").language("ru") is Language.RU
    with pytest.raises(CliError) as caught:
        settings(tmp_path).language("fr")
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_setting_of_the_table_comes_from_its_variable_or_the_file(tmp_path: Path) -> None:
    file = 'mode = "off"\nmax_overhead = 2\n[launch]\ncs2 = ["steam", "x"]\n[hooks]\non_connect = "https://h.example"\n'
    found = settings(tmp_path, file, PLG_MODE="adaptive", PLG_CAPTURE="")
    assert (found.text("mode"), found.number("max_overhead"), found.text("capture")) == ("adaptive", 2.0, None)
    assert settings(tmp_path, PLG_MAX_OVERHEAD="1.5").number("max_overhead") == 1.5
    assert (found.table("launch"), found.table("hooks")) == (
        {"cs2": ["steam", "x"]},
        {"on_connect": "https://h.example"},
    )
    assert (found.table("keys"), found.text("launch.cs2")) == ({}, '["steam", "x"]')
    with pytest.raises(KeyError):
        found.table("nothing")
    with pytest.raises(KeyError):
        found.found("nothing")


@pytest.mark.parametrize(
    ("name", "value"), [("PLG_MODE", "fast"), ("PLG_MAX_OVERHEAD", "much"), ("PLG_MAX_OVERHEAD", "9")]
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(CliError, match=f"{name}: '{value}' is no ") as caught:
        settings(tmp_path, **{name: value}).found(name.removeprefix("PLG_").lower())
    assert caught.value.exit_code is ExitCode.BAD_CONFIGURATION


def test_the_directory_is_the_platform_s_own_or_the_one_named(tmp_path: Path) -> None:
    assert config_directory({"PLG_CONFIG_DIR": str(tmp_path)}) == tmp_path
    assert config_directory({}).name == "plg"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root, as under sudo")
def test_under_sudo_it_is_the_calling_person_s() -> None:
    import pwd

    somebody = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    assert config_directory({"SUDO_UID": str(somebody.pw_uid)}) == Path(somebody.pw_dir) / ".config" / "plg"
    assert config_directory({"SUDO_UID": "4000000000"}).name == "plg"
    assert config_directory({"SUDO_UID": "../../etc"}).name == "plg"
