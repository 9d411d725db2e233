"""A server with operators' browsers for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.desk_visitor import Desk, desk_world


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Billing on, DonatePay as the way to pay; an admin and a supporter who are signed in."""
    async with desk_world(tmp_path / "data") as made:
        yield made
