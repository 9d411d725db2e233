"""Fixtures of the capture room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.capture_bench import CaptureBench, open_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[CaptureBench]:
    """Client, router and server on links with offload, as virtual links are by default."""
    with open_bench(tmp_path / "run") as opened:
        yield opened


@pytest.fixture(params=[True, False], ids=["offload", "no-offload"])
def any_bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CaptureBench]:
    """The same on links with and without checksum and segmentation offload."""
    with open_bench(tmp_path / "run", offload=bool(request.param)) as opened:
        yield opened
