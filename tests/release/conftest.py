"""The shop that releases are fetched from."""

from collections.abc import Iterator

import pytest

from support.release_shop import Shop, release_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with release_shop() as opened:
        yield opened
