"""One server that sends e-mail for all these commands; each test has accounts of its own."""

from collections.abc import Iterator

import pytest

from support.mailing_server import MailingServer, mailing_server


@pytest.fixture(scope="package")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailingServer]:
    """Started once: what these tests look at is the account's own."""
    with mailing_server(tmp_path_factory.mktemp("mailing")) as server:
        yield server
