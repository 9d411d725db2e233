"""What an operator may set about Telegram."""

import pytest

from plg_server.config import ConfigError, load_config, shown_config

TOKEN = "123456789:" + "A" * 35
WHOLE = {"telegram_token": TOKEN, "telegram_bot_name": "plg_test_bot"}
WEBHOOK = {"telegram_webhook_url": "https://bot.example.org/hook", "telegram_webhook_secret": "s" * 16}


def test_there_is_no_bot_unless_it_is_set_up() -> None:
    config = load_config(None, {}, {}).telegram
    assert (config.on, config.telegram_api_url) == (False, "https://api.telegram.org")


def test_a_server_needs_only_the_bots_name() -> None:
    config = load_config(None, {}, {"telegram_bot_name": "plg_test_bot"}).telegram
    assert config.on
    assert config.link_to("ABCD") == "https://t.me/plg_test_bot?start=ABCD"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"telegram_token": TOKEN}, "telegram_bot_name"),
        ({**WEBHOOK, "telegram_bot_name": "plg_test_bot"}, "telegram_token"),
        ({**WHOLE, "telegram_webhook_url": WEBHOOK["telegram_webhook_url"]}, "telegram_webhook_secret"),
        ({**WHOLE, "telegram_webhook_secret": "s" * 16}, "telegram_webhook_url"),
    ],
)
def test_half_of_it_is_refused_at_the_start(given: dict[str, object], missing: str) -> None:
    with pytest.raises(ConfigError, match=f"{missing} is missing"):
        load_config(None, {}, given)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("telegram_token", "secret"),
        ("telegram_token", TOKEN + "\n"),
        ("telegram_token", "123456789:" + "/" * 35),
        ("telegram_bot_name", "@plg_test_bot"),
        ("telegram_bot_name", "bot?start=x"),
        ("telegram_api_url", "http://bots.example.org"),
        ("telegram_api_url", "https://user:password@bots.example.org"),
        ("telegram_api_url", "ftp://127.0.0.1"),
        ("telegram_webhook_url", "http://bot.example.org/hook"),
        ("telegram_webhook_url", "https://bot.example.org:99999/"),
        ("telegram_webhook_secret", "short"),
        ("telegram_webhook_secret", "with a space and so on"),
    ],
)
def test_what_cannot_be_is_refused_and_a_secret_is_not_repeated(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=key) as refusal:
        load_config(None, {}, {**WHOLE, **WEBHOOK, key: value})
    if key in ("telegram_token", "telegram_webhook_secret"):
        assert value not in str(refusal.value)


def test_the_shown_configuration_hides_the_secrets() -> None:
    shown = shown_config(load_config(None, {}, {**WHOLE, **WEBHOOK, "telegram_api_url": "http://127.0.0.1:8081"}))
    assert (shown["telegram_token"], shown["telegram_webhook_secret"]) == ("***", "***")
    assert (shown["telegram_bot_name"], shown["telegram_api_url"]) == ("plg_test_bot", "http://127.0.0.1:8081")
    assert TOKEN not in str(shown)
