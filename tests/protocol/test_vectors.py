"""The golden vectors: the implementation says today what it said when they were written."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors_of_the_implementation() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("make_vectors", VECTORS / "make_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    content: dict[str, Any] = module.all_vectors()
    return content


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.stem)
def test_the_bytes_on_the_wire_have_not_changed(path: Path) -> None:
    assert json.loads(path.read_text(encoding="utf-8")) == vectors_of_the_implementation()[path.stem]


def test_every_part_of_the_specification_has_vectors() -> None:
    assert {path.stem for path in VECTORS.glob("*.json")} == set(vectors_of_the_implementation())
