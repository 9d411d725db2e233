"""A server that sends e-mail for the commands of each file; each test has accounts of its own."""

from collections.abc import Iterator

import pytest

from support.mailing_server import MailingServer, mailing_server


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailingServer]:
    """Started once a file: what these tests look at is the account's own. Not for longer, or its rounds run beside other files' tests."""
    with mailing_server(tmp_path_factory.mktemp("mailing")) as server:
        yield server
