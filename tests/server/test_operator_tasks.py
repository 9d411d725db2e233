"""Checks and relay tokens, without the command line."""

import asyncio
import stat
from pathlib import Path

import pytest

from plg_server.config import ConfigError, load_config
from plg_server.operator_tasks import CannotReach, check, create_relay_token, make_data_dir, told_when_unreachable
from support.services import free_port


async def test_a_healthy_pair_of_backends_is_well(tmp_path: Path, backend: dict[str, object]) -> None:
    config = load_config(None, {}, {"data_dir": str(tmp_path / "data"), **backend})
    assert [part.problem for part in await check(config)] == [None] * 4
    assert not (tmp_path / "data").exists()


async def test_what_does_not_answer_is_named(tmp_path: Path) -> None:
    config = load_config(
        None,
        {},
        {
            "data_dir": str(tmp_path),
            "database_url": f"postgres://plg:hunter2@127.0.0.1:{free_port()}/plg",
            "store_url": f"redis://127.0.0.1:{free_port()}/0",
        },
    )
    parts = await check(config)
    assert [part.name for part in parts if part.problem] == ["database", "store"]
    assert not any(part.is_setting for part in parts if part.problem)
    assert "hunter2" not in str(parts)


async def test_a_damaged_signing_key_and_a_broken_games_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "token.key").write_bytes(b"short")
    (tmp_path / "token.key").chmod(0o600)
    (tmp_path / "mine.toml").write_text("[[game]]\nslug = 'openarena'\nserver_cidrs = [\n'9.9.9.9/99']\n")
    settings = {"data_dir": str(tmp_path), "games_file": str(tmp_path / "mine.toml")}
    parts = {part.name: part for part in await check(load_config(None, {}, settings))}
    assert "damaged: 5 bytes" in str(parts["signing_key"].problem)
    assert f"{tmp_path / 'mine.toml'}:4: '9.9.9.9/99' is not a prefix" in str(parts["games"].problem)
    assert parts["signing_key"].is_setting
    assert parts["games"].is_setting
    configured = await check(load_config(None, {}, {"data_dir": str(tmp_path), "token_secret": "x" * 32}))
    assert [part.problem for part in configured] == [None] * 4


async def test_a_folder_that_cannot_hold_the_database_is_told_without_making_anything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = load_config(None, {}, {"data_dir": str(tmp_path / "file" / "data")})
    problems = {part.name: part.problem for part in await check(config)}
    assert problems["database"] == f"{tmp_path / 'file'} cannot be written"
    with pytest.raises(ConfigError, match="data_dir"):
        make_data_dir(config)


async def test_tokens_made_at_the_same_moment_beside_each_other_are_all_kept(
    tmp_path: Path, backend: dict[str, object]
) -> None:
    config = load_config(None, {}, {"data_dir": str(tmp_path / "data"), **backend})
    made = await asyncio.gather(
        *(create_relay_token(config, f"relay-{number}", country="DE", city="") for number in range(4))
    )
    assert len({token.token for token in made}) == 4
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_only_an_unreachable_database_becomes_one_line(tmp_path: Path) -> None:
    config = load_config(None, {}, {"data_dir": str(tmp_path), "database_url": "postgres://plg:hunter2@db/plg"})
    with (
        pytest.raises(CannotReach, match=r"postgres://plg:\*\*\*@db/plg cannot be used: no route"),
        told_when_unreachable(config),
    ):
        raise OSError("no route")
    with pytest.raises(KeyError), told_when_unreachable(config):
        raise KeyError("a fault of ours")
