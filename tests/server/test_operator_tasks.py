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
    assert [part.problem for part in await check(config)] == [None, None]


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
    assert [part.name for part in parts] == ["database", "store"]
    assert all(part.problem for part in parts)
    assert "hunter2" not in str(parts)


async def test_a_folder_that_cannot_hold_the_database_is_told_without_making_anything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = load_config(None, {}, {"data_dir": str(tmp_path / "file" / "data")})
    assert (await check(config))[0].problem == f"{tmp_path / 'file'} cannot be written"
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
