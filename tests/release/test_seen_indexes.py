"""What was seen is remembered, whole."""

import json
import stat
from pathlib import Path

import pytest

from plg.release.errors import CannotWrite, MemoryDamaged
from plg.release.seen_indexes import MAX_CHANNELS, SeenIndex, SeenIndexes


def test_each_channel_has_its_own_memory_for_its_owner_alone(tmp_path: Path) -> None:
    memory = SeenIndexes(tmp_path / "new" / "updates.json")
    assert memory.read("stable") is None
    memory.remember("stable", SeenIndex(sequence=7, sha256="a"))
    memory.remember("trial", SeenIndex(sequence=1, sha256="b", newest_version="2.0.0"))
    again = SeenIndexes(memory.path)
    assert (again.read("stable"), again.read("trial")) == (
        SeenIndex(sequence=7, sha256="a"),
        SeenIndex(sequence=1, sha256="b", newest_version="2.0.0"),
    )
    assert stat.S_IMODE(memory.path.stat().st_mode) == 0o600
    assert [path.name for path in memory.path.parent.iterdir()] == ["updates.json"]


def test_it_does_not_grow_without_end(tmp_path: Path) -> None:
    memory = SeenIndexes(tmp_path / "updates.json")
    for number in range(MAX_CHANNELS + 5):
        memory.remember(f"c{number}", SeenIndex(sequence=1, sha256=""))
    assert len(json.loads(memory.path.read_bytes())) == MAX_CHANNELS


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"stable": {"sequence": -1, "sha256": ""}}', b"\xff", b" " * 70_000]
)
def test_a_damaged_memory_is_not_taken_for_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "updates.json").write_bytes(content)
    with pytest.raises(MemoryDamaged):
        SeenIndexes(tmp_path / "updates.json").read("stable")


def test_a_memory_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "updates.json").mkdir()
    with pytest.raises(CannotWrite):
        SeenIndexes(tmp_path / "updates.json").read("stable")
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite):
        SeenIndexes(tmp_path / "file" / "updates.json").remember("stable", SeenIndex(sequence=1, sha256=""))
