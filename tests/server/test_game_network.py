"""The parts about games, relays and sessions, as the application makes them."""

from pathlib import Path

import pytest

from plg_server import app_keys
from plg_server.config import ConfigError, load_config
from plg_server.game_network import load_catalog
from support.api_driver import ApiDriver


async def test_every_part_is_there_once_the_server_runs(api: ApiDriver) -> None:
    keys = (
        app_keys.CATALOG,
        app_keys.SEARCH,
        app_keys.RELAY_STATES,
        app_keys.RELAY_PROFILES,
        app_keys.TARGETS,
        app_keys.SESSIONS,
    )
    assert all(api.app[key] is not None for key in keys)
    assert len(api.app[app_keys.CATALOG].profiles) >= 263


def test_a_broken_games_file_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    broken = tmp_path / "mine.toml"
    broken.write_text("[[game]]\nslug = 'x'\ncategory = 'none'\nname = 'X'\n")
    config = load_config(None, {}, {"data_dir": str(tmp_path), "games_file": str(broken)})
    with pytest.raises(ConfigError, match=r"mine\.toml:3: category: Invalid enum value 'none'"):
        load_catalog(config)
