"""The command `plg` with a configuration directory of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.cli.language import Language, speak
from support.inside import Inside


@pytest.fixture
def plg(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Inside:
    """Runs a command line inside the test's process."""
    return Inside(tmp_path / "config", capsys)


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    """The language of a process is chosen by its command; tests share one process."""
    yield
    speak(Language.EN)
