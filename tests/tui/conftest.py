"""Tests share one process: its language and theme are put back."""

from collections.abc import Iterator

import pytest

from plg.cli.language import Language, speak


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    speak(Language.EN)
