"""Settings: which source wins, and what a wrong one is told."""

from pathlib import Path

import pytest

from plg_relay.config import RelayConfig, load_config, setting_names
from plg_relay.errors import ConfigError, RelayError


def load(
    file: Path | None = None, environ: dict[str, str] | None = None, overrides: dict[str, object] | None = None
) -> RelayConfig:
    return load_config(file=file, environ=environ or {}, overrides=overrides or {}, default_data_dir=Path("somewhere"))


def test_without_any_setting_the_defaults_hold() -> None:
    config = load()
    assert (config.port, config.control_host, config.control_port, config.metrics_port) == (
        443,
        "127.0.0.1",
        8443,
        9090,
    )
    assert config.data_dir == Path("somewhere")


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text("port = 1\ncontrol_port = 2\nmetrics_port = 3\n")
    config = load(file, {"PLG_RELAY_CONTROL_PORT": "20", "PLG_RELAY_METRICS_PORT": "30"}, {"metrics_port": 300})
    assert (config.port, config.control_port, config.metrics_port) == (1, 20, 300)


def test_an_option_that_was_not_given_changes_nothing() -> None:
    assert load(overrides={"port": None}).port == 443


def test_the_environment_is_read_in_the_type_of_the_key() -> None:
    environ = {
        "PLG_RELAY_ALLOW_PRIVATE": "true",
        "PLG_RELAY_SESSION_IDLE_S": "12.5",
        "PLG_RELAY_WORKERS": "2",
        "PLG_RELAY_DATA_DIR": "d",
        "PLG_RELAY_CONFIG": "read elsewhere",
        "OTHER": "x",
    }
    config = load(environ=environ)
    assert (config.allow_private, config.session_idle_s, config.workers, config.data_dir) == (True, 12.5, 2, Path("d"))


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("port", 70000, "0..65535"),
        ("port", "443", "0..65535"),
        ("port", True, "0..65535"),
        ("host", "relay.example", "a literal"),
        ("keeper", "maybe", "true or false"),
        ("spare", 1, "true or false"),
        ("restarts_per_minute", 1001, "0..1000"),
        ("host", 7, "IP address"),
        ("game_bind_ipv4", "::1", "IPv4"),
        ("allow_private", "maybe", "true or false"),
        ("session_idle_s", -1, "seconds"),
        ("session_idle_s", float("nan"), "seconds"),
        ("log_level", "loud", "debug, info"),
        ("data_dir", "", "path"),
        ("workers", 0, "1..64"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_key_value_and_what_is_allowed(
    key: str, value: object, allowed: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(overrides={key: value})
    message = str(caught.value)
    assert key in message
    assert repr(value) in message
    assert allowed in message
    assert "\n" not in message


def test_a_wrong_environment_value_names_the_variable() -> None:
    with pytest.raises(ConfigError, match=r"PLG_RELAY_PORT.*'http'.*0..65535"):
        load(environ={"PLG_RELAY_PORT": "http"})


def test_a_misspelt_key_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text("contol_port = 1\n")
    with pytest.raises(ConfigError, match="did you mean control_port"):
        load(file)


@pytest.mark.parametrize("key", ["workers = 0", "'workers' = 0", "workers.count = 2", "[workers]", "[[ workers ]]"])
def test_what_a_file_sets_wrongly_is_told_with_its_line(tmp_path: Path, key: str) -> None:
    file = tmp_path / "relay.toml"
    file.write_text(f"# workers = 3\nport = 443  # not workers = 1\n\n{key}\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}, line 4: workers = ")


def test_a_line_is_not_guessed(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text('port = 443\n"\\u0077orkers" = 0\n')
    with pytest.raises(ConfigError, match=r"relay.toml, line 1: workers = 0"):
        load(file)


def test_a_key_like_no_other_is_refused_with_the_list_of_keys() -> None:
    with pytest.raises(ConfigError, match="keys: data_dir, host"):
        load(environ={"PLG_RELAY_ZZZZ": "1"})
    assert "max_sessions" in setting_names()


def test_a_port_range_without_both_parities_is_refused() -> None:
    with pytest.raises(ConfigError, match="game_ports_last"):
        load(overrides={"game_ports_first": 5000, "game_ports_last": 5000})


def test_the_mask_is_off_unless_asked_for_and_needs_a_single_worker(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    file.write_text("mask = true\n")
    assert not load().mask
    assert load(file).mask
    assert load(environ={"PLG_RELAY_MASK": "yes"}).mask
    with pytest.raises(
        ConfigError, match=r"relay.toml, line 1: mask = True is not allowed: only workers = 1 \(now 2\)"
    ) as caught:
        load(file, overrides={"workers": 2})
    assert "\n" not in str(caught.value)


def test_a_relay_forwards_for_others_unless_its_operator_refuses_or_it_masks(tmp_path: Path) -> None:
    file = tmp_path / "relay.toml"
    assert load().forwards
    assert not load(environ={"PLG_RELAY_TRANSIT": "no"}).forwards
    assert not load(environ={"PLG_RELAY_MASK": "yes"}).forwards
    file.write_text("mask = true\ntransit = true\n")
    with pytest.raises(ConfigError, match=r"relay.toml, line 2: transit = True is not allowed: only with mask = false"):
        load(file)
    with pytest.raises(ConfigError, match=r"max_transits = 0 is not allowed: a whole number 1..1000000"):
        load(overrides={"max_transits": 0})


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"#" * 300_000])
def test_a_file_that_is_no_settings_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "relay.toml"
    file.write_bytes(content)
    with pytest.raises(RelayError) as caught:
        load(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RelayError, match="cannot read the settings file"):
        load(tmp_path / "none.toml")


def test_where_browsers_pings_are_answered() -> None:
    url = "https://relay1.example:8444/ping"
    config = load(overrides={"web_ping_listen": "[::]:8444", "web_ping_url": url})
    assert (config.web_ping_address, config.web_ping_url) == (("::", 8444), url)
    assert load().web_ping_address is None
    assert load(overrides={"web_ping_url": url}).web_ping_address is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"web_ping_listen": "relay1.example:8444"},
        {"web_ping_listen": "0.0.0.0"},
        {"web_ping_listen": "::1:8444"},
        {"web_ping_listen": "0.0.0.0:70000"},
        {"web_ping_listen": "0.0.0.0:8444", "web_ping_url": ""},
        {"web_ping_url": "https://relay1.example:8444"},
        {"web_ping_url": "https://Relay1.example/ping"},
        {"web_ping_url": "https://[::1]/ping"},
        {"web_ping_url": "https://relay1.example/ping\n"},
        {"web_ping_url": "https://relay1.example;x/ping"},
        {"web_ping_certificate": "a.pem"},
        {"web_ping_key": "a.key"},
        {"web_ping_key": ""},
    ],
)
def test_a_wrong_place_for_browsers_pings_is_refused_with_its_key(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(overrides={"web_ping_url": "https://relay1.example/ping", **wrong})
    assert refusal.value.key in wrong
