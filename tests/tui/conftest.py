"""Tests share one process: its language is put back. One server serves all tests that need one."""

from collections.abc import Iterator

import pytest

from plg.cli.language import Language, speak
from support.server_process import ServerProcess, running_server


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    speak(Language.EN)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with its usual games and no relay."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running
