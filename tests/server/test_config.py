"""The configuration: what is read from where, and how a wrong value is told."""

import json
from pathlib import Path

import pytest

from plg_server.config import SETTINGS, ConfigError, load_config, redacted_url, shown_config


def refusal(
    file: Path | None = None, environ: dict[str, str] | None = None, overrides: dict[str, object] | None = None
) -> str:
    """The one line that this configuration is refused with."""
    with pytest.raises(ConfigError) as caught:
        load_config(file, environ or {}, overrides)
    line = str(caught.value)
    assert "\n" not in line
    return line


def written(path: Path, text: str) -> Path:
    """A configuration file with this text."""
    path.write_text(text, encoding="utf-8")
    return path


def test_with_nothing_said_the_server_is_private_and_needs_nothing(tmp_path: Path) -> None:
    config = load_config(None, {}, {"data_dir": str(tmp_path)})
    assert (config.host, config.port) == ("127.0.0.1", 8080)
    assert config.effective_database_url == f"sqlite://{tmp_path}/server.sqlite3"
    assert config.store_url is None


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path / "server.toml", 'host = "10.0.0.1"\nport = 1001\nplan_name = "file"\n')
    config = load_config(file, {"PLG_SERVER_PORT": "1002", "PLG_SERVER_HOST": "10.0.0.2"}, {"port": 1003, "host": None})
    assert (config.port, config.host, config.plan_name) == (1003, "10.0.0.2", "file")


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    file = written(tmp_path / "server.toml", "port = 1001\n")
    assert load_config(None, {"PLG_SERVER_CONFIG": str(file)}).port == 1001


def test_text_from_the_environment_becomes_the_type_of_the_key() -> None:
    config = load_config(
        None,
        {
            "PLG_SERVER_CORS_ORIGINS": "https://a.example, https://b.example",
            "PLG_SERVER_REGISTRATION_OPEN": "no",
            "PLG_SERVER_DATABASE_WAIT_S": "1.5",
            "PLG_SERVER_STORE_URL": "",
            "OTHER": "ignored",
        },
    )
    assert config.cors_origins == ["https://a.example", "https://b.example"]
    assert (config.registration_open, config.database_wait_s, config.store_url) == (False, 1.5, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", 65536),
        ("port", -1),
        ("port", True),
        ("port", "8080"),
        ("host", ""),
        ("database_url", "mysql://root@localhost/x"),
        ("database_url", "sqlite://relative.db"),
        ("database_url", "postgres://h:port/x"),
        ("store_url", "http://localhost"),
        ("public_url", "ftp://x"),
        ("cors_origins", ["https://a.example/path"]),
        ("cors_origins", ["*"]),
        ("cors_origins", "https://a.example"),
        ("trusted_proxies", ["10.0.0.0/40"]),
        ("metrics_networks", [5]),
        ("log_level", "loud"),
        ("token_secret", "short"),
        ("access_token_minutes", 0),
        ("registration_open", 1),
        ("rate_read", "often"),
        ("rate_read", "10/fortnight"),
        ("database_wait_s", float("nan")),
    ],
)
def test_a_bad_value_is_told_with_key_value_and_what_is_allowed(key: str, value: object) -> None:
    line = refusal(overrides={key: value})
    assert line.startswith(f"{key} = ")
    assert SETTINGS[key].allowed in line
    assert SETTINGS[key].secret or json.dumps(value) in line


def test_a_bad_value_in_the_environment_names_the_variable() -> None:
    assert "PLG_SERVER_PORT" in refusal(environ={"PLG_SERVER_PORT": "eighty"})


def test_a_secret_is_not_repeated_when_it_is_refused() -> None:
    assert "hunter2" not in refusal(environ={"PLG_SERVER_DATABASE_URL": "mysql://root:hunter2@db/x"})


def test_a_key_that_nobody_knows_is_refused_with_the_nearest() -> None:
    assert "did you mean port?" in refusal(environ={"PLG_SERVER_PROT": "1"})


def test_a_corrupt_file_is_refused_with_its_name_and_line(tmp_path: Path) -> None:
    file = written(tmp_path / "server.toml", "port = 80\nhost = = 3\n")
    line = refusal(file)
    assert str(file) in line
    assert "line 2" in line


@pytest.mark.parametrize("wrong", ["prot = 80", "port = 'x'", "[port]", "password_workers = 0"])
def test_a_key_or_value_that_cannot_be_is_refused_with_file_and_line(tmp_path: Path, wrong: str) -> None:
    file = written(tmp_path / "server.toml", f"# port = 1\nhost = '::1'\n\n{wrong}\n")
    assert f"{file}, line 4" in refusal(file)


def test_a_file_that_is_not_text_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_bytes(b"port = 80\n\n# \xff\xfe\n")
    assert "line 3" in refusal(file)


def test_a_missing_file_and_a_table_in_it_are_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "nothing.toml")
    assert "unknown key 'server'" in refusal(written(tmp_path / "server.toml", "[server]\nport = 80\n"))


def test_what_is_shown_has_no_secrets(tmp_path: Path) -> None:
    config = load_config(
        None,
        {},
        {
            "data_dir": str(tmp_path),
            "database_url": "postgres://plg:hunter2@db/plg",
            "store_url": "redis://:hunter2@cache:6379/0?password=hunter2",
            "token_secret": "hunter2" * 10,
        },
    )
    shown = shown_config(config)
    assert "hunter2" not in str(shown)
    assert shown["database_url"] == "postgres://plg:***@db/plg"
    assert set(shown) == set(SETTINGS)


def test_an_url_without_a_password_stays_as_it_is() -> None:
    assert redacted_url("redis://cache:6379/0") == "redis://cache:6379/0"
    assert redacted_url("postgres://plg@db/plg") == "postgres://plg@db/plg"


def test_the_documented_example_is_a_good_configuration() -> None:
    example = Path(__file__).parents[2] / "ops" / "config" / "server.toml"
    assert load_config(example, {}).public_url == "https://plg.example.org"
